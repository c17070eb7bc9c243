#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/recipe_option.h"
#include "cli/signals.h"
#include "cli/tuning.h"
#include "vision/augment/policy.h"
#include "vision/train/train.h"

#include <unistd.h>

namespace frugal::cli {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
// Of each measurement: of a small budget less.
constexpr double kCalibrationSeconds = 2, kLeastCalibrationSeconds = 1,
                 kCalibrationShare = 1 / 600.0;
// Of the budget, when both strategies are tuned, for features: a first answer needs a minute.
constexpr double kFeaturesShare = 0.15, kMostFeaturesShare = 0.2, kFeaturesSeconds = 60;

std::string plan_text(const Plan& plan, const std::string& budget) {
  if (!plan.search)
    return fmt::format(
        "{}: {} holds no search; one run of the untuned recipe on all cores, {} at {} × {} pixels, "
        "{:g} epochs, about {:.0f} s",
        to_string(plan.recipe.strategy), budget, plan.recipe.network, plan.recipe.height,
        plan.recipe.width, plan.recipe.epochs, plan.full_run_seconds);
  return fmt::format(
      "{}: {} at {} × {} pixels, {:g} epochs; a full run takes {:.0f} s of one worker; {} holds {}",
      to_string(plan.recipe.strategy), plan.recipe.network, plan.recipe.height, plan.recipe.width,
      plan.recipe.epochs, plan.full_run_seconds, budget,
      std::isfinite(plan.full_runs) ? fmt::format("{:.0f} of them", plan.full_runs) : "any number");
}

}  // namespace

double budget_share(train::Strategy strategy, std::size_t strategies, double budget_seconds) {
  if (strategies == 1) return 1;
  const double of_features =
      std::clamp(kFeaturesSeconds / budget_seconds, kFeaturesShare, kMostFeaturesShare);
  return strategy == train::Strategy::kFeatures ? of_features : 1 - of_features;
}

PlanRequest Tuning::request_for(const train::Recipe& recipe, const RunData& data,
                                double budget_seconds) const {
  PlanRequest request;
  request.recipe = recipe;
  request.training_photographs = data.split.train.size();
  request.validation_photographs = data.split.validation.size();
  request.all_photographs = data.dataset.photographs.size();
  request.aspect = data.median_aspect();
  request.short_side_pixels = data.median_short_side_pixels();
  request.workers = workers_;
  request.budget_seconds = budget_seconds;
  if (budget_.runs) request.budget_runs = *budget_.runs / static_cast<double>(strategies_.size());
  request.resolution = options_.resolution;
  request.epochs = options_.epochs;
  request.seeds = options_.seeds;
  request.refit = options_.refit && recipe.strategy == train::Strategy::kFineTune;
  request.task_by = task_by_named(options_.task_by);
  return request;
}

MeasureSpeed Tuning::measuring(const Split& split) {
  return [this, split](const train::Recipe& recipe) {
    throw_if_stopped();
    console_.progress(
        {fmt::format("measuring this machine at {} × {} pixels", recipe.height, recipe.width)});
    const double seconds = std::clamp(kCalibrationShare * allowed_seconds_.value_or(kUnbounded),
                                      kLeastCalibrationSeconds, kCalibrationSeconds);
    return train::measure_speed(recipe, split.workers, split.threads, seconds);
  };
}

Plan Tuning::plan_for(train::Strategy strategy, const RunData& data, double budget_seconds) {
  train::Recipe recipe = recipe_named(options_.recipe, strategy);
  recipe.network = network_;
  recipe.seed = options_.seed;
  if (strategy == train::Strategy::kFineTune)
    recipe.augment = augment::portable_policy(options_.augment);
  if (options_.recipe == "default") freeze_first_layers(recipe, data.dataset.photographs.size());
  return make_plan(request_for(recipe, data, budget_seconds), measuring({workers_, threads_}),
                   measuring(whole_machine()));
}

int Tuning::dry_run() {
  const auto temporary =
      std::filesystem::temp_directory_path() / fmt::format("frugal-dry-run-{}", ::getpid());
  const RunFolder folder(temporary);
  folder.open(identity(options_), {});
  Json plans = Json::array();
  std::string text;
  try {
    const RunData data = folder.prepare_data(
        options_.data, {options_.shares.validation, options_.shares.test, options_.seed},
        core_count(), console_);
    text =
        fmt::format("{} photographs of {} classes: {} to train on, {} to validate, {} to test\n",
                    data.dataset.photographs.size(), data.dataset.classes.size(),
                    data.split.train.size(), data.split.validation.size(), data.split.test.size());
    share_out_the_cores(data);
    text += to_text(split_) + "\n";
    for (const auto strategy : strategies_) {
      const double share =
          budget_share(strategy, strategies_.size(), allowed_seconds_.value_or(kUnbounded));
      const Plan plan = plan_for(strategy, data, allowed_seconds_.value_or(kUnbounded) * share);
      text += plan_text(plan, share < 1 ? fmt::format("its {:.0f} % of the budget", 100 * share)
                                        : "the budget") +
              "\n";
      plans.push_back(to_json(plan));
    }
  } catch (const Error&) {
    std::filesystem::remove_all(temporary);
    throw;
  }
  std::filesystem::remove_all(temporary);
  console_.result(text, {{"plans", plans}, {"split", to_json(split_)}});
  return 0;
}

// A plan is made once: a run that goes on keeps its resolution and epochs.
Plan Tuning::remembered_plan(train::Strategy strategy, double budget_seconds) {
  for (const auto& known : coordinator_->scheduler().experiments()) {
    if (known.name != to_string(strategy)) continue;
    return plan_from_json(known.metadata.at("plan"));
  }
  const Plan plan = plan_for(strategy, data_, budget_seconds);
  console_.line(plan_text(plan, "the budget"));
  console_.event({{"event", "plan"}, {"plan", to_json(plan)}});
  return plan;
}

}  // namespace frugal::cli
