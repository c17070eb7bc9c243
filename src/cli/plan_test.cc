#include "cli/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace frugal::cli {
namespace {

// A machine whose speed falls with the pixels: 250 photographs of 64×64 a second.
train::Speed machine(const train::Recipe& recipe) {
  const double rate = 250.0 * 64 * 64 / static_cast<double>(recipe.height * recipe.width);
  return {rate, 3 * rate};
}

PlanRequest cars(double budget_seconds) {
  PlanRequest request;
  request.training_photographs = 4280;
  request.validation_photographs = 917;
  request.all_photographs = 6114;
  request.workers = 2;
  request.budget_seconds = budget_seconds;
  return request;
}

// All cores together: twice as fast.
train::Speed whole_machine(const train::Recipe& recipe) {
  const train::Speed speed = machine(recipe);
  return {2 * speed.training_images_per_second, 2 * speed.inference_images_per_second};
}

Plan plan_for(const PlanRequest& request) {
  return make_plan(request, machine, whole_machine);
}

TEST(Plan, ASearchHoldsSixFullRunsAndMoreOfThoseThatConverged) {
  for (const double minutes : {20, 60, 240}) {
    const Plan plan = plan_for(cars(minutes * 60));
    EXPECT_TRUE(plan.search) << minutes;
    EXPECT_GE(plan.full_runs, kFullRuns * 0.99) << minutes;
    EXPECT_GE(plan.recipe.epochs, kFewestEpochs) << minutes;
  }
}

TEST(Plan, ASmallBudgetIsOneLongRunOnAllCores) {
  for (const double seconds : {60, 120, 300}) {
    const Plan plan = plan_for(cars(seconds));
    EXPECT_FALSE(plan.search) << seconds;
    EXPECT_EQ(plan.seeds, 1u);
    EXPECT_EQ(plan.tasks.size(), 1u);
    const train::Speed speed = whole_machine(plan.recipe);
    EXPECT_LE(
        plan.preparation_seconds + plan.recipe.epochs * 4280 / speed.training_images_per_second,
        seconds);
    EXPECT_GE(plan.full_run_seconds, 0.5 * seconds);
  }
  PlanRequest small = cars(3600);
  small.short_side_pixels = 50;  // what has no more pixels is searched with those it has
  EXPECT_TRUE(plan_for(small).search);
}

TEST(Plan, MeasuresTheNextSizeWhereReckoningSaysNo) {
  // Small views are hardly faster than larger ones, up to 96 pixels' height.
  const MeasureSpeed flat = [](const train::Recipe& recipe) {
    const double size = std::max(96.0 * 96, static_cast<double>(recipe.height * recipe.width));
    const double rate = 500.0 * 64 * 64 / size;
    return train::Speed{rate, 3 * rate};
  };
  const PlanRequest request = cars(220);
  const Plan plan = make_plan(request, flat, flat);
  EXPECT_FALSE(plan.search);
  EXPECT_GE(plan.recipe.height, 80u) << "which costs no more than 48 pixels do";
  EXPECT_GE(plan.recipe.epochs, kFewestEpochsAlone);
}

TEST(Plan, LeavesNoPartOfAnEpochUnused) {
  const Plan plan = plan_for(cars(300));
  const train::Speed speed = whole_machine(plan.recipe);
  const double tenth = 428 / speed.training_images_per_second;
  const double judging = 917 / speed.inference_images_per_second;
  EXPECT_LE(300 * 0.92 - plan.preparation_seconds - plan.full_run_seconds, tenth + 2 * judging);
}

TEST(Plan, SpendsALargerBudgetOnPixelsAndEpochs) {
  double previous = 0;
  for (const double minutes : {20, 60, 240}) {
    const Plan plan = plan_for(cars(minutes * 60));
    const double work =
        plan.recipe.epochs * static_cast<double>(plan.recipe.height * plan.recipe.width);
    EXPECT_GT(work, previous) << minutes;
    previous = work;
  }
}

TEST(Plan, ItsTasksCostWhatTheyAreForecastAndOnlyCheaperOnesStay) {
  for (const TaskBy task_by : {TaskBy::kEpochs, TaskBy::kResolution, TaskBy::kDepth}) {
    PlanRequest request = cars(3600);
    request.recipe = train::default_recipe(train::Strategy::kFineTune);
    request.task_by = task_by;
    const Plan plan = plan_for(request);
    ASSERT_EQ(plan.tasks.size(), 3u);
    EXPECT_EQ(plan.tasks.back().cost, 1);
    EXPECT_NEAR(plan.tasks[0].cost, 0.1, 0.03);
    EXPECT_NEAR(plan.tasks[1].cost, 0.5, 0.1);
    const train::Recipe small =
        train::recipe_from_json(plan.tasks[0].changes, plan.recipe, "small");
    EXPECT_LE(small.epochs, plan.recipe.epochs);
    EXPECT_EQ(small.height < plan.recipe.height, task_by == TaskBy::kResolution);
    EXPECT_EQ(small.frozen != plan.recipe.frozen, task_by == TaskBy::kDepth);
  }
  EXPECT_THROW(task_by_named("width"), InputError);
}

TEST(Plan, TheLastRunIsSpentOnMorePixelsAndEndsInTime) {
  PlanRequest request = cars(3600);
  request.recipe = train::default_recipe(train::Strategy::kFineTune);
  request.workers = 1;
  std::size_t previous = 0;
  for (const double seconds : {60., 300., 1500.}) {
    const train::Recipe last = plan_last_run(request, seconds, machine);
    EXPECT_GE(last.height, previous);
    previous = last.height;
    const train::Speed speed = machine(last);
    EXPECT_LE(last.epochs * (4280 / speed.training_images_per_second +
                             917 / speed.inference_images_per_second),
              seconds);
  }
  EXPECT_GT(previous, 48u);
}

TEST(Plan, KeepsWhatTheUserGave) {
  PlanRequest request = cars(3600);
  request.resolution = 96;
  request.epochs = 3;
  const Plan plan = plan_for(request);
  EXPECT_EQ(plan.recipe.height, 96u);
  EXPECT_EQ(plan.recipe.epochs, 3);
}

TEST(Plan, NeverEnlargesSmallPhotographs) {
  PlanRequest request = cars(24 * 3600);
  request.short_side_pixels = 70;
  EXPECT_EQ(plan_for(request).recipe.height, 64u);
}

TEST(Plan, RefusesABudgetThatHoldsNothing) {
  EXPECT_THROW(plan_for(cars(8)), InputError);
  PlanRequest features = cars(5);
  features.recipe = train::default_recipe(train::Strategy::kFeatures);
  EXPECT_THROW(plan_for(features), InputError);
}

TEST(Plan, CountsWhatFrozenLayersMakeOfTheViews) {
  PlanRequest request = cars(300);
  const Plan plain = plan_for(request);
  request.recipe.frozen = train::Frozen::kLayer1;
  request.recipe.feature_views = 4;
  const Plan frozen = plan_for(request);
  EXPECT_GT(frozen.preparation_seconds, plain.preparation_seconds + 5);
  EXPECT_LE(frozen.preparation_seconds + frozen.full_run_seconds, 300);
}

TEST(Plan, CountsThePassThatTheHeadBeginsFrom) {
  PlanRequest request = cars(300);
  request.recipe.head_start = train::HeadStart::kZero;
  const double without = plan_for(request).preparation_seconds;
  request.recipe.head_start = train::HeadStart::kRidge;
  EXPECT_GT(plan_for(request).preparation_seconds, without + 1);
}

TEST(Plan, ASingleRunIsNoSearch) {
  PlanRequest request = cars(std::numeric_limits<double>::infinity());
  request.budget_runs = 1;
  EXPECT_FALSE(plan_for(request).search);
  request.budget_runs = 3;
  EXPECT_TRUE(plan_for(request).search);
}

TEST(Plan, WorksWithoutAClock) {
  PlanRequest request = cars(std::numeric_limits<double>::infinity());
  for (const auto strategy : {train::Strategy::kFineTune, train::Strategy::kFeatures}) {
    request.recipe = train::default_recipe(strategy);
    const Plan plan = plan_for(request);
    EXPECT_TRUE(std::isfinite(plan.full_run_seconds));
    EXPECT_GE(plan.recipe.epochs, 1);
  }
}

TEST(Plan, ViewsKeepTheAspectOfThePhotographs) {
  EXPECT_EQ(view_width(64, 1.0), 64u);
  EXPECT_EQ(view_width(64, 1.5), 96u);
  EXPECT_EQ(view_width(64, 9.0), 96u);
  EXPECT_EQ(view_width(112, 1.3), 144u);
}

}  // namespace
}  // namespace frugal::cli
