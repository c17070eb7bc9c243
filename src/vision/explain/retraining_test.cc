#include "vision/explain/retraining.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/explain/subset.h"
#include "vision/explain/testing.h"

namespace frugal::explain {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::SizeIs;

ShortRunRequest request(double budget_seconds) {
  ShortRunRequest request{.training_photographs = 1000,
                          .judges = 100,
                          .all_photographs = 1200,
                          .variants = 4,
                          .budget_seconds = budget_seconds};
  request.recipe.height = 96;
  request.recipe.width = 128;
  request.recipe.epochs = 6;
  return request;
}
constexpr train::Speed kSpeed{.training_images_per_second = 100,
                              .inference_images_per_second = 400};

TEST(ShortRuns, TakeTheRunsOwnRecipeWhereTheBudgetHoldsIt) {
  const auto plan = plan_short_runs(request(1e6), kSpeed);
  EXPECT_EQ(plan.recipe, request(0).recipe);
  EXPECT_EQ(plan.seeds, 3u);
}

TEST(ShortRuns, FitIntoTheBudgetAndSayWhatTheLeastWouldTake) {
  bool fitted = false;
  for (const double budget : {5.0, 40.0, 80.0, 160.0, 320.0, 640.0}) {
    const auto plan = plan_short_runs(request(budget), kSpeed);
    if (plan.seeds == 0) {
      EXPECT_FALSE(fitted) << "a larger budget holds less";
      EXPECT_GT(plan.needed_seconds, budget);
      EXPECT_GT(plan_short_runs(request(1.01 * plan.needed_seconds), kSpeed).seeds, 0u);
      continue;
    }
    fitted = true;
    EXPECT_LE(plan.needed_seconds, 1.001 * budget);
    EXPECT_GE(plan.recipe.epochs, 0.999);
    EXPECT_GE(plan.recipe.height, 48u);
  }
  EXPECT_TRUE(fitted);
}

TEST(ShortRuns, SeeFewerPixelsBeforeTheySeeFewerEpochs) {
  const auto plan = plan_short_runs(request(100), kSpeed);
  ASSERT_GT(plan.seeds, 0u);
  EXPECT_LT(plan.recipe.height, 96u);
  EXPECT_GE(plan.recipe.epochs, 2);
}

TEST(ShortRuns, LeaveSomeOfTheBudgetInReserve) {
  const auto plan = plan_short_runs(request(640), kSpeed);
  const auto& [recipe, seeds, run, shared, judging, needed] = plan;
  EXPECT_NEAR(needed, shared + judging + static_cast<double>(seeds * 4) * run, 1e-9);
  // A run: its start, the photographs it learns from, its judges after each epoch.
  const double pixels = static_cast<double>(recipe.height * recipe.width) / (96 * 128);
  const double seconds = 1 + pixels * recipe.epochs * (1000.0 / 100 + 100.0 / 400);
  EXPECT_NEAR(run * (1 - kReserve), seconds, 0.01 * seconds);
}

TEST(ShortRuns, CountWhatFrozenLayersMakeAndWhatIsJudgedBesides) {
  ShortRunRequest plain = request(1e6), frozen = plain;
  frozen.recipe.frozen = train::Frozen::kLayer1;
  frozen.recipe.feature_views = 3;
  const double before = plan_short_runs(plain, kSpeed).shared_seconds;
  // The centre of each photograph, and two views of 1,000 for each of four variants.
  const auto alike = plan_short_runs(frozen, kSpeed);
  EXPECT_NEAR((alike.shared_seconds - before) * (1 - kReserve), (1200 + 4 * 2 * 1000) / 400.0,
              1e-6);
  frozen.seeds_share_views = false;  // three seeds
  const auto apart = plan_short_runs(frozen, kSpeed);
  EXPECT_NEAR((apart.shared_seconds - before) * (1 - kReserve), (1200 + 12 * 2 * 1000) / 400.0,
              1e-6);
  frozen.judgings = 8;
  EXPECT_NEAR(plan_short_runs(frozen, kSpeed).judging_seconds * (1 - kReserve), 8 * 100 / 400.0,
              1e-6);
}

TEST(ShortRuns, PlansSurviveTheirJson) {
  const auto plan = plan_short_runs(request(320), kSpeed);
  EXPECT_EQ(short_run_plan_from_json(parse_json(to_json(plan).dump(), "plan"), "plan"), plan);
}

TEST(ShareOfTraining, IsNestedAndKeepsEveryClass) {
  testing::Photographs photographs;
  testing::fill_with_tints(photographs, 8);
  const auto& [folder, dataset, split] = photographs;
  const auto few = with_share_of_training(split, dataset, 0.01, 3).train;
  const auto some = with_share_of_training(split, dataset, 0.4, 3).train;
  EXPECT_THAT(few, SizeIs(3));  // one a class
  EXPECT_THAT(some, SizeIs(12));
  for (const std::size_t i : few) EXPECT_THAT(some, Contains(i));
  EXPECT_NE(some, with_share_of_training(split, dataset, 0.4, 4).train);
  const auto all = with_share_of_training(split, dataset, 1, 3);
  EXPECT_EQ(all, split);
}

TEST(Retraining, RemembersWhatItHasTrained) {
  testing::Photographs photographs;
  testing::fill_with_tints(photographs, 16);
  train::Recipe recipe;
  recipe.strategy = train::Strategy::kFeatures;
  recipe.head = train::Head::kRidge;
  recipe.height = recipe.width = 16;
  bool stops = false;
  const Retraining retraining(photographs.environment(), {.folder = photographs.folder / "runs",
                                                          .should_stop = [&] { return stops; }});
  const train::TrainingPhotographs training(photographs.dataset, photographs.split);
  const auto judges = photographs.test();
  const ShortRun run = retraining.run(recipe, training, judges);
  EXPECT_THAT(run.labels, SizeIs(48));
  EXPECT_EQ(run.correct().size(), 48u);

  stops = true;  // nothing can be trained any more
  EXPECT_EQ(retraining.run(recipe, training, judges).predictions, run.predictions);
  recipe.seed = 1;
  EXPECT_THROW(retraining.run(recipe, training, judges), Stopped);
}

}  // namespace
}  // namespace frugal::explain
