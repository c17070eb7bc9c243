#include "cli/train_budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "cli/plan.h"
#include "cli/signals.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr double kCalibrationSeconds = 2;  // of each measurement
constexpr double kDecodesPerSecond = 600;  // of one core
constexpr double kClosingSeconds = 4;      // writing the model, starting and ending
constexpr double kJudgingShare = 0.02;     // of the budget, for the test part

}  // namespace

double seconds_of_run(const TrainBudget& budget, double spent_seconds) {
  return budget.seconds * (1 - kJudgingShare) - kClosingSeconds - spent_seconds;
}

train::Recipe recipe_for_budget(const train::Recipe& recipe, const RunData& data,
                                const TrainBudget& budget, double spent_seconds, Console& console) {
  const MeasureSpeed measure = [&](const train::Recipe& tried) {
    throw_if_stopped();
    console.progress(
        {fmt::format("measuring this machine at {} × {} pixels", tried.height, tried.width)});
    return train::measure_speed(tried, 1, budget.threads, kCalibrationSeconds);
  };
  PlanRequest request;
  request.recipe = recipe;
  request.training_photographs =
      data.split.train.size() + (budget.with_validation ? data.split.validation.size() : 0);
  request.validation_photographs = data.split.validation.size();
  request.all_photographs = data.dataset.photographs.size();
  request.aspect = data.median_aspect();
  request.short_side_pixels = data.median_short_side_pixels();
  request.budget_seconds = budget.seconds - spent_seconds;
  request.resolution = budget.resolution;
  request.seeds = 1;
  request.refit = false;
  request.judged = !budget.with_validation;
  if (recipe.strategy == train::Strategy::kFeatures)
    return make_plan(request, measure, measure).recipe;
  const double decoding =
      static_cast<double>(data.dataset.photographs.size()) / (kDecodesPerSecond * budget.threads);
  const double seconds = seconds_of_run(budget, spent_seconds + decoding);
  if (seconds <= 0)
    throw InputError(fmt::format(
        "--budget: {:.0f} s hold no run: decoding and judging alone take {:.0f} s; give more",
        request.budget_seconds, decoding + kClosingSeconds));
  return plan_last_run(request, seconds, measure);
}

}  // namespace frugal::cli
