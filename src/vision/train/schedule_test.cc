#include "vision/train/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.h"
#include "vision/train/batch_plan.h"

namespace frugal::train {
namespace {

constexpr RunLength kForty{40, 10};

TEST(Plateau, AgreesWithTorch) {
  const std::string path = FRUGAL_GOLDEN "/plateau.json";
  const Json cases = parse_json(read_file(path), path);
  ASSERT_EQ(cases.size(), 5u);
  for (const Json& json : cases) {
    Plateau plateau{.rate = json["rate"]};
    for (std::size_t i = 0; i < json["losses"].size(); ++i) {
      plateau.tick(json["losses"][i], json["factor"], json["patience"]);
      EXPECT_DOUBLE_EQ(plateau.rate, json["rates"][i].get<double>()) << "epoch " << i;
    }
  }
}

TEST(Plateau, SurvivesJsonBeforeAndAfterTheFirstLoss) {
  Plateau plateau{.rate = 0.1};
  EXPECT_EQ(plateau_from_json(parse_json(to_json(plateau).dump(), "x")), plateau);
  plateau.tick(1.0 / 3, 0.1, 0);
  plateau.tick(2, 0.1, 2);
  EXPECT_EQ(plateau_from_json(parse_json(to_json(plateau).dump(), "x")), plateau);
}

TEST(Schedule, CosineAndLineFallFromTheRateToZero) {
  for (const Schedule schedule : {Schedule::kCosine, Schedule::kLinear}) {
    const Recipe recipe{.learning_rate = 0.5, .schedule = schedule};
    EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 0), 0.5);
    EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 20), 0.25);
    for (std::size_t step = 1; step < 40; ++step)
      EXPECT_LT(learning_rate(recipe, {}, kForty, step),
                learning_rate(recipe, {}, kForty, step - 1));
    EXPECT_NEAR(learning_rate(recipe, {}, kForty, 40), 0, 1e-12);
  }
  EXPECT_EQ(learning_rate(Recipe{.schedule = Schedule::kPlateau}, {.rate = 0.3}, kForty, 7), 0.3);
}

TEST(Schedule, OneCycleRisesToTheRateAndFallsToZero) {
  const Recipe recipe{.learning_rate = 0.5, .schedule = Schedule::kOneCycle, .warmup = 0.25};
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 0), 0.02);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 5), 0.26);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 25), 0.25);
  EXPECT_NEAR(learning_rate(recipe, {}, kForty, 40), 0, 1e-12);
  Recipe without = recipe;
  without.warmup = 0;
  EXPECT_DOUBLE_EQ(learning_rate(without, {}, kForty, 0), 0.5);
}

TEST(Schedule, AStableRunIsTheBeginningOfALongerOneUntilItsRateFalls) {
  const Recipe recipe{
      .learning_rate = 0.5, .schedule = Schedule::kStable, .warmup_epochs = 0.4, .decay = 0.25};
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 0), 0.02);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 4), 0.5);
  EXPECT_EQ(steps_before_decay(recipe, 40), 30u);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 30), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {}, kForty, 35), 0.25);
  EXPECT_NEAR(learning_rate(recipe, {}, kForty, 39), 0.05, 1e-12);
  for (std::size_t step = 0; step < 30; ++step)
    EXPECT_EQ(learning_rate(recipe, {}, kForty, step), learning_rate(recipe, {}, {400, 10}, step));
}

TEST(BatchPlan, EveryEpochShowsEveryPhotographOnceInAnotherOrder) {
  for (const auto& [count, batch, steps] :
       {std::tuple{10, 4, 3}, {8, 4, 2}, {3, 16, 1}, {2, 2, 1}}) {
    BatchPlan plan(static_cast<std::size_t>(count), static_cast<std::size_t>(batch), 7);
    ASSERT_EQ(plan.steps_per_epoch(), static_cast<std::size_t>(steps));
    std::vector<std::size_t> seen;
    for (std::size_t step = 0; step < plan.steps_per_epoch(); ++step)
      for (const std::size_t position : plan.positions(step)) seen.push_back(position);
    std::sort(seen.begin(), seen.end());
    std::vector<std::size_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), std::size_t{0});
    EXPECT_EQ(seen, all);
  }
  BatchPlan plan(100, 100, 7);
  EXPECT_NE(plan.positions(0), plan.positions(1));
}

TEST(BatchPlan, ALastBatchOfOnePhotographIsLeftOut) {
  BatchPlan plan(9, 4, 7);
  EXPECT_EQ(plan.steps_per_epoch(), 2u);
  EXPECT_EQ(plan.positions(1).size(), 4u);
}

TEST(BatchPlan, AStepIsTheSameWhateverWasAskedBefore) {
  BatchPlan forward(50, 8, 3), direct(50, 8, 3), other(50, 8, 4);
  for (std::size_t step = 0; step < 30; ++step) forward.positions(step);
  EXPECT_EQ(forward.positions(17), direct.positions(17));
  EXPECT_NE(forward.positions(17), other.positions(17));
}

TEST(BatchPlan, FractionsOfAnEpochAreWholeSteps) {
  const BatchPlan plan(100, 10, 0);
  EXPECT_EQ(plan.steps_of(0.3), 3u);
  EXPECT_EQ(plan.steps_of(2.55), 26u);
  EXPECT_EQ(plan.steps_of(1e-5), 1u);
  EXPECT_DOUBLE_EQ(plan.epochs_at(15), 1.5);
}

}  // namespace
}  // namespace frugal::train
