#include "cli/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::cli {
namespace {

constexpr std::array<std::size_t, 9> kHeights = {48, 64, 80, 96, 112, 128, 160, 192, 224};
constexpr double kDecodesPerSecond = 600;       // of one core
constexpr double kHeadStepsPerSecond = 60'000;  // photographs through the head alone
constexpr double kRunOverheadSeconds = 2;       // loading, the start of the head, saving
constexpr double kFewestEpochs = 4;             // below that, rather fewer pixels
constexpr double kMostEpochs = 30;
constexpr double kFeatureEpochs = 35;          // the study's
constexpr double kExtractionShare = 0.25;      // of a budget for features
constexpr std::size_t kUnboundedHeight = 128;  // when no clock is in the budget
constexpr double kUnboundedEpochs = 10;

double pixels(const train::Recipe& recipe) {
  return static_cast<double>(recipe.height * recipe.width);
}

void set_height(train::Recipe& recipe, std::size_t height, double aspect) {
  recipe.height = height;
  recipe.width = view_width(height, aspect);
}

std::vector<std::size_t> candidate_heights(const PlanRequest& request) {
  if (request.resolution != 0) return {request.resolution};
  std::vector<std::size_t> heights;
  for (const std::size_t height : kHeights)
    if (heights.empty() || height <= request.short_side_pixels) heights.push_back(height);
  return heights;
}

double epoch_seconds(const PlanRequest& request, const train::Speed& speed) {
  return static_cast<double>(request.training_photographs) / speed.training_images_per_second +
         static_cast<double>(request.validation_photographs) / speed.inference_images_per_second;
}

[[noreturn]] void refuse(const PlanRequest& request, double needed_seconds) {
  throw InputError(fmt::format(
      "the budget of {:.0f} s is too small to tune {}: this machine needs at least {:.0f} s; give "
      "--budget {}m or more, a lower --resolution or fewer --epochs, or another --strategy",
      request.budget_seconds, to_string(request.strategy), needed_seconds,
      static_cast<int>(std::ceil(needed_seconds / 60))));
}

Plan plan_fine_tuning(const PlanRequest& request, const MeasureSpeed& measure_speed) {
  Plan plan;
  plan.recipe = train::default_recipe(request.strategy);
  plan.recipe.network = request.network;
  plan.recipe.augment = request.augment;
  plan.preparation_seconds =
      static_cast<double>(request.all_photographs) / (kDecodesPerSecond * request.workers);
  const bool bounded = std::isfinite(request.budget_seconds);
  const double run_seconds =
      bounded ? (request.budget_seconds - plan.preparation_seconds) * request.workers / kFullRuns -
                    kRunOverheadSeconds
              : std::numeric_limits<double>::infinity();

  const auto heights = candidate_heights(request);
  std::size_t height = heights.front();
  set_height(plan.recipe, height, request.aspect);
  train::Speed speed = measure_speed(plan.recipe);
  if (request.resolution == 0) {
    const double measured_pixels = pixels(plan.recipe);
    const double epochs = request.epochs > 0 ? request.epochs : kFewestEpochs;
    for (const std::size_t candidate : heights) {
      if (!bounded && candidate > kUnboundedHeight) break;
      set_height(plan.recipe, candidate, request.aspect);
      const double slower = pixels(plan.recipe) / measured_pixels;
      if (bounded && epochs * epoch_seconds(request, speed) * slower > run_seconds) break;
      height = candidate;
    }
    set_height(plan.recipe, height, request.aspect);
    if (height != heights.front()) speed = measure_speed(plan.recipe);
  }

  const double one_epoch = epoch_seconds(request, speed);
  const double affordable = run_seconds / one_epoch;
  if (request.epochs > 0)
    plan.recipe.epochs = request.epochs;
  else if (!bounded)
    plan.recipe.epochs = kUnboundedEpochs;
  else
    plan.recipe.epochs = std::min(kMostEpochs, std::floor(affordable));
  const double fewest =
      request.epochs > 0 ? request.epochs / 2 : 1;  // a user may ask for fewer runs
  if (bounded && affordable < fewest)
    refuse(request, plan.preparation_seconds +
                        (fewest * one_epoch + kRunOverheadSeconds) * kFullRuns / request.workers);
  plan.judged_per_second = speed.inference_images_per_second * request.workers;
  plan.full_run_seconds = plan.recipe.epochs * one_epoch + kRunOverheadSeconds;
  return plan;
}

Plan plan_features(const PlanRequest& request, const MeasureSpeed& measure_speed) {
  Plan plan;
  plan.recipe = train::default_recipe(request.strategy);
  plan.recipe.network = request.network;
  plan.recipe.epochs = request.epochs > 0 ? request.epochs : kFeatureEpochs;
  const auto heights = candidate_heights(request);
  set_height(plan.recipe, heights.front(), request.aspect);
  const train::Speed speed = measure_speed(plan.recipe);
  const double measured_pixels = pixels(plan.recipe);
  const auto preparation_seconds = [&] {
    return static_cast<double>(request.all_photographs) / request.workers *
           (1 / kDecodesPerSecond +
            pixels(plan.recipe) / measured_pixels / speed.inference_images_per_second);
  };
  for (auto height = heights.rbegin(); height != heights.rend(); ++height) {
    set_height(plan.recipe, *height, request.aspect);
    plan.preparation_seconds = preparation_seconds();
    if (plan.preparation_seconds <= kExtractionShare * request.budget_seconds) break;
  }
  plan.judged_per_second =
      speed.inference_images_per_second * request.workers * measured_pixels / pixels(plan.recipe);
  plan.full_run_seconds =
      kRunOverheadSeconds / 4 +
      plan.recipe.epochs * static_cast<double>(request.training_photographs) / kHeadStepsPerSecond;
  const double needed =
      plan.preparation_seconds + kFullRuns * plan.full_run_seconds / request.workers;
  if (needed > request.budget_seconds) refuse(request, needed);
  return plan;
}

}  // namespace

std::size_t view_width(std::size_t height, double aspect) {
  const double width = static_cast<double>(height) * std::clamp(aspect, 0.75, 1.5);
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(width / 16))) * 16;
}

Plan make_plan(const PlanRequest& request, const MeasureSpeed& measure_speed) {
  Plan plan = request.strategy == train::Strategy::kFineTune
                  ? plan_fine_tuning(request, measure_speed)
                  : plan_features(request, measure_speed);
  plan.full_runs =
      (request.budget_seconds - plan.preparation_seconds) * request.workers / plan.full_run_seconds;
  return plan;
}

Json to_json(const Plan& plan) {
  Json json = {{"recipe", to_json(plan.recipe)},
               {"preparation_seconds", plan.preparation_seconds},
               {"full_run_seconds", plan.full_run_seconds},
               {"judged_per_second", plan.judged_per_second}};
  json["full_runs"] = std::isfinite(plan.full_runs) ? Json(plan.full_runs) : Json();
  return json;
}

}  // namespace frugal::cli
