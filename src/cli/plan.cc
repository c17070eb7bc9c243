#include "cli/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace frugal::cli {
namespace {

constexpr std::array<std::size_t, 9> kHeights = {48, 64, 80, 96, 112, 128, 160, 192, 224};
constexpr double kDecodesPerSecond = 600;       // of one core
constexpr double kHeadStepsPerSecond = 60'000;  // photographs through the head alone
constexpr double kRunOverheadSeconds = 2;       // loading, the start of the head, saving
constexpr double kMostEpochs = 30;
constexpr std::pair<const char*, double> kCheapTasks[] = {{"small", 0.1}, {"medium", 0.5}};
constexpr double kHalf = 0.5;
constexpr std::size_t kFrozenViews = 3;   // that frozen layers see of a photograph
constexpr double kFrozenShare = 0.4;      // of a network's pass, up to the first layer's end
constexpr double kSizesOfTasks = 1.6;     // pixels of all tasks together, in the full one's
constexpr double kCaution = 0.95;         // of a single run's time: judging it and ending take some
constexpr double kReckoningError = 1.35;  // of times at a size, by the speed at the one below
constexpr double kWorthwhile = 0.8;       // a task that costs more saves nothing
constexpr std::size_t kMultiple = 16;     // pixels of a task's sides
constexpr std::size_t kLowestTask = 32;   // pixels; below that a network sees too little
constexpr double kFewestRuns = 2;         // fewer leave nothing to search with
constexpr double kRunsASeed = 5;  // full runs for each fresh seed: two that use it, the rest search
constexpr double kExtractionShare = 0.4;  // of a budget for features
constexpr double kViews = 3.4;  // passes of all photographs: centre, mirror image, two augmented
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

// Views of a photograph that it is judged by.
double judged_views(const train::Recipe& recipe) {
  return recipe.flip_test ? 2 : 1;
}

double steps_seconds(const PlanRequest& request, const train::Speed& speed) {  // of an epoch
  return static_cast<double>(request.training_photographs) / speed.training_images_per_second;
}

double evaluation_seconds(const PlanRequest& request, const train::Speed& speed) {
  if (!request.judged) return 0;
  return judged_views(request.recipe) * static_cast<double>(request.validation_photographs) /
         speed.inference_images_per_second;
}

double epoch_seconds(const PlanRequest& request, const train::Speed& speed) {
  return steps_seconds(request, speed) + evaluation_seconds(request, speed);
}

[[noreturn]] void refuse(const PlanRequest& request, double needed_seconds) {
  throw InputError(fmt::format(
      "the budget of {:.0f} s is too small for {}: this machine needs at least {:.0f} s; give "
      "--budget {}m or more, a lower --resolution or fewer --epochs, or another --strategy",
      request.budget_seconds, to_string(request.recipe.strategy), needed_seconds,
      static_cast<int>(std::ceil(needed_seconds / 60))));
}

// Of all that a run of recipe.epochs at the recipe's size takes, seconds.
double run_seconds(const PlanRequest& request, const train::Recipe& recipe,
                   const train::Speed& speed) {
  return recipe.epochs * steps_seconds(request, speed) +
         std::ceil(recipe.epochs) * evaluation_seconds(request, speed) + kRunOverheadSeconds;
}

// Of what is computed once, before the first step: the features that the head begins from, and what
// frozen layers make of the views; seconds of one worker.
double first_passes_seconds(const PlanRequest& request, const train::Recipe& recipe,
                            const train::Speed& speed) {
  const auto all = static_cast<double>(request.all_photographs);
  double passes = recipe.head_start == train::HeadStart::kRidge ? all : 0;
  if (recipe.frozen != train::Frozen::kNone)
    passes += kFrozenShare *
              (judged_views(recipe) * all + static_cast<double>(recipe.feature_views - 1) *
                                                static_cast<double>(request.training_photographs));
  return passes / speed.inference_images_per_second;
}

// What a run may take so that the budget holds kFullRuns.
double affordable_seconds(const PlanRequest& request, const Plan& plan) {
  const double kept = request.refit ? 1 - kLastShare : 1;
  return (request.budget_seconds * kept - plan.preparation_seconds) * request.workers / kFullRuns;
}

// Of one worker, for a run; that share of what its first passes take is in it.
struct Allowance {
  double seconds = 0;
  double first_passes_share = 0;
  double fewest_epochs = kFewestEpochs;
};

Allowance alone(double seconds) {
  return {seconds, 1, kFewestEpochsAlone};
}

// Of the fewest epochs at that size. speed: where pixels were fewer by that many times; other sizes
// are slower or faster in proportion.
double fewest_epochs_seconds(const PlanRequest& request, const Allowance& allowance,
                             train::Recipe recipe, const train::Speed& speed, double times) {
  recipe.epochs = request.epochs > 0 ? request.epochs : allowance.fewest_epochs;
  const double run = run_seconds(request, recipe, speed) - kRunOverheadSeconds;
  const double passes = allowance.first_passes_share * first_passes_seconds(request, recipe, speed);
  return kRunOverheadSeconds + times * (run + passes);
}

// The most pixels of which a run of that allowance shows its fewest epochs.
std::size_t best_height(const PlanRequest& request, const Allowance& allowance,
                        const train::Speed& speed, double measured_pixels) {
  train::Recipe recipe = request.recipe;
  std::size_t best = candidate_heights(request).front();
  for (const std::size_t height : candidate_heights(request)) {
    set_height(recipe, height, request.aspect);
    const double times = pixels(recipe) / measured_pixels;
    if (fewest_epochs_seconds(request, allowance, recipe, speed, times) <= allowance.seconds)
      best = height;
  }
  return best;
}

// Larger sizes are faster than the pixels of smaller ones say: those that miss the allowance by
// little are measured, not reckoned.
void climb(const PlanRequest& request, const Allowance& allowance,
           const MeasureSpeed& measure_speed, train::Recipe& recipe, train::Speed& speed) {
  for (const std::size_t height : candidate_heights(request)) {
    if (height <= recipe.height) continue;
    train::Recipe larger = recipe;
    set_height(larger, height, request.aspect);
    const double times = pixels(larger) / pixels(recipe);
    if (fewest_epochs_seconds(request, allowance, larger, speed, times) >
        allowance.seconds * kReckoningError)
      return;
    const train::Speed there = measure_speed(larger);
    if (fewest_epochs_seconds(request, allowance, larger, there, 1) > allowance.seconds) return;
    recipe = larger;
    speed = there;
  }
}

// Takes the size and the epochs that the allowance is best spent on, and returns the speed there.
train::Speed spend(const PlanRequest& request, const Allowance& allowance,
                   const MeasureSpeed& measure_speed, train::Recipe& recipe) {
  set_height(recipe, candidate_heights(request).front(), request.aspect);
  train::Speed speed = measure_speed(recipe);
  for (int round = 0; round < 2; ++round) {  // small sizes are slower than their pixels say
    const std::size_t measured = recipe.height;
    set_height(recipe, best_height(request, allowance, speed, pixels(recipe)), request.aspect);
    if (recipe.height == measured) break;
    speed = measure_speed(recipe);
  }
  climb(request, allowance, measure_speed, recipe, speed);
  const double affordable =
      (allowance.seconds - kRunOverheadSeconds -
       allowance.first_passes_share * first_passes_seconds(request, recipe, speed) -
       evaluation_seconds(request, speed)) /
      epoch_seconds(request, speed);
  const double tenths = std::floor(affordable * 10) / 10;
  recipe.epochs = request.epochs > 0 ? request.epochs : std::clamp(tenths, 1.0, kMostEpochs);
  return speed;
}

// The task that costs that share of a full run. speed_of: of a run of that recipe.
PlannedTask plan_task(const PlanRequest& request, const Plan& plan, const std::string& name,
                      double share, const MeasureSpeed& speed_of) {
  train::Recipe recipe = plan.recipe;
  const double wanted = share * plan.full_run_seconds;
  if (request.task_by == TaskBy::kResolution) {
    const double side = std::sqrt(share) * static_cast<double>(recipe.height);
    const auto multiple = static_cast<std::size_t>(std::lround(side / kMultiple)) * kMultiple;
    set_height(recipe, std::clamp(multiple, kLowestTask, recipe.height), request.aspect);
  }
  if (request.task_by == TaskBy::kDepth) {
    recipe.frozen = share < kHalf ? train::Frozen::kLayer3 : train::Frozen::kLayer2;
    recipe.feature_views = kFrozenViews;
    recipe.start_scale = 1;
  }
  const train::Speed speed = speed_of(recipe);
  const double affordable = (wanted - kRunOverheadSeconds) / epoch_seconds(request, speed);
  recipe.epochs = std::clamp(affordable, share * recipe.epochs / 2, recipe.epochs);
  PlannedTask task{name, run_seconds(request, recipe, speed) / plan.full_run_seconds, {}};
  const Json full = to_json(plan.recipe), cheaper = to_json(recipe);
  for (const auto& [key, value] : cheaper.items())
    if (value != full.at(key)) task.changes[key] = value;
  return task;
}

std::vector<PlannedTask> plan_tasks(const PlanRequest& request, const Plan& plan,
                                    const train::Speed& speed, const MeasureSpeed& measure_speed) {
  const MeasureSpeed speed_of = [&](const train::Recipe& recipe) {
    return recipe == plan.recipe ? speed : measure_speed(recipe);
  };
  std::vector<PlannedTask> tasks;
  for (const auto& [name, share] : kCheapTasks) {
    PlannedTask task = plan_task(request, plan, name, share, speed_of);
    const double dearer_than = tasks.empty() ? 0 : tasks.back().cost;
    if (task.cost > dearer_than && task.cost < kWorthwhile) tasks.push_back(std::move(task));
  }
  tasks.push_back({.name = "full"});
  return tasks;
}

double decoding_seconds(const PlanRequest& request) {
  return static_cast<double>(request.all_photographs) / (kDecodesPerSecond * request.workers);
}

bool is_worth_a_search(const PlanRequest& request, const Plan& plan) {
  if (request.budget_runs < kFewestRuns) return false;
  const double fewest = request.epochs > 0 ? kFullRuns / 2 : kFullRuns;  // as the user wishes
  if (plan.full_run_seconds > affordable_seconds(request, plan) * kFullRuns / fewest) return false;
  const std::size_t lowest = std::min(kLowestSearched, candidate_heights(request).back());
  return plan.recipe.height >= lowest &&
         (request.epochs > 0 || plan.recipe.epochs >= kFewestEpochs);
}

// Without a clock in the budget.
train::Speed choose_unbounded(const PlanRequest& request, const MeasureSpeed& measure_speed,
                              train::Recipe& recipe) {
  set_height(recipe, std::min(candidate_heights(request).back(), kUnboundedHeight), request.aspect);
  recipe.epochs = request.epochs > 0 ? request.epochs : kUnboundedEpochs;
  return measure_speed(recipe);
}

Plan plan_one_run(const PlanRequest& request, const MeasureSpeed& measure_alone) {
  Plan plan{.recipe = request.recipe, .search = false};
  plan.preparation_seconds = decoding_seconds(request);
  const double seconds = (request.budget_seconds - plan.preparation_seconds) * kCaution;
  const train::Speed speed = std::isfinite(seconds)
                                 ? spend(request, alone(seconds), measure_alone, plan.recipe)
                                 : choose_unbounded(request, measure_alone, plan.recipe);
  const double first_passes = first_passes_seconds(request, plan.recipe, speed);
  plan.preparation_seconds += first_passes;
  plan.judged_per_second = speed.inference_images_per_second / judged_views(plan.recipe);
  plan.full_run_seconds = run_seconds(request, plan.recipe, speed);
  if (plan.full_run_seconds + first_passes > seconds)
    refuse(request, plan.preparation_seconds + plan.full_run_seconds / kCaution);
  plan.tasks = {{.name = "full"}};
  plan.full_runs = 1;
  return plan;
}

Plan plan_fine_tuning(const PlanRequest& request, const MeasureSpeed& measure_speed,
                      const MeasureSpeed& measure_alone) {
  Plan plan{.recipe = request.recipe};
  plan.preparation_seconds = decoding_seconds(request);
  const train::Speed speed =
      std::isfinite(request.budget_seconds)
          ? spend(request, {affordable_seconds(request, plan), kSizesOfTasks / kFullRuns},
                  measure_speed, plan.recipe)
          : choose_unbounded(request, measure_speed, plan.recipe);
  plan.judged_per_second =
      speed.inference_images_per_second * request.workers / judged_views(plan.recipe);
  plan.full_run_seconds = run_seconds(request, plan.recipe, speed);
  plan.preparation_seconds +=
      kSizesOfTasks * first_passes_seconds(request, plan.recipe, speed) / request.workers;
  if (!is_worth_a_search(request, plan)) return plan_one_run(request, measure_alone);
  plan.tasks = plan_tasks(request, plan, speed, measure_speed);
  return plan;
}

Plan plan_features(const PlanRequest& request, const MeasureSpeed& measure_speed) {
  Plan plan;
  plan.recipe = request.recipe;
  if (request.epochs > 0) plan.recipe.epochs = request.epochs;
  const auto heights = candidate_heights(request);
  set_height(plan.recipe, heights.front(), request.aspect);
  const train::Speed speed = measure_speed(plan.recipe);
  const double measured_pixels = pixels(plan.recipe);
  const auto preparation_seconds = [&] {
    return static_cast<double>(request.all_photographs) / request.workers *
           (1 / kDecodesPerSecond +
            kViews * pixels(plan.recipe) / measured_pixels / speed.inference_images_per_second);
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
  plan.tasks = {{.name = "full"}};  // a head is cheap enough
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

Plan make_plan(const PlanRequest& request, const MeasureSpeed& measure_speed,
               const MeasureSpeed& measure_alone) {
  Plan plan = request.recipe.strategy == train::Strategy::kFineTune
                  ? plan_fine_tuning(request, measure_speed, measure_alone)
                  : plan_features(request, measure_speed);
  if (!plan.search) return plan;
  plan.full_runs = affordable_seconds(request, plan) * kFullRuns / plan.full_run_seconds;
  plan.seeds = std::isfinite(plan.full_runs)
                   ? std::clamp(static_cast<unsigned>(plan.full_runs / kRunsASeed), 1u,
                                std::max(request.seeds, 1u))
                   : request.seeds;
  return plan;
}

train::Recipe plan_last_run(const PlanRequest& request, double seconds,
                            const MeasureSpeed& measure_speed) {
  train::Recipe recipe = request.recipe;
  if (recipe.strategy == train::Strategy::kFineTune)
    spend(request, alone(seconds), measure_speed, recipe);
  return recipe;
}

TaskBy task_by_named(const std::string& name) {
  if (name == "epochs") return TaskBy::kEpochs;
  if (name == "resolution") return TaskBy::kResolution;
  if (name == "depth") return TaskBy::kDepth;
  throw InputError(fmt::format("--task-by: \"{}\" is none of epochs, resolution, depth", name));
}

Json to_json(const Plan& plan) {
  Json tasks = Json::array();
  for (const PlannedTask& task : plan.tasks)
    tasks.push_back({{"name", task.name}, {"cost", task.cost}, {"changes", task.changes}});
  Json json = {{"recipe", to_json(plan.recipe)},
               {"tasks", tasks},
               {"preparation_seconds", plan.preparation_seconds},
               {"full_run_seconds", plan.full_run_seconds},
               {"judged_per_second", plan.judged_per_second},
               {"seeds", plan.seeds},
               {"search", plan.search}};
  json["full_runs"] = std::isfinite(plan.full_runs) ? Json(plan.full_runs) : Json();
  return json;
}

Plan plan_from_json(const Json& json) {
  Plan plan;
  plan.recipe = train::recipe_from_json(json.at("recipe"), train::Recipe{}, "the plan's recipe");
  for (const Json& task : json.at("tasks"))
    plan.tasks.push_back({task.at("name"), task.at("cost"), task.at("changes")});
  plan.preparation_seconds = json.at("preparation_seconds");
  plan.full_run_seconds = json.at("full_run_seconds");
  plan.judged_per_second = json.at("judged_per_second");
  plan.seeds = json.at("seeds");
  plan.search = json.value("search", true);
  plan.full_runs = json.at("full_runs").is_null() ? std::numeric_limits<double>::infinity()
                                                  : json.at("full_runs").get<double>();
  return plan;
}

}  // namespace frugal::cli
