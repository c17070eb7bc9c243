#include "cli/arm.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "experiment/test_experiment.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

using experiment::Trial;

// An arm over a real scheduler and store; the test is the worker.
class ArmTest : public testing::Test {
 protected:
  ArmTest()
      : store_(experiment::open_sqlite_store((folder_.path() / "store.db").string())),
        scheduler_(*store_, clock_),
        meter_(scheduler_, clock_) {}

  static ArmOptions options(bool search) {
    ArmOptions options;
    options.plan.recipe = train::default_recipe(train::Strategy::kFineTune);
    options.plan.recipe.epochs = 2;
    options.plan.tasks = {{.name = "full"}};
    options.plan.full_run_seconds = 10;
    options.plan.search = search;
    options.suggester = "random";
    options.seeds = 1;
    options.runs = 4;
    return options;
  }

  // Leases the next trial and reports that value.
  Trial work(Arm& arm, double value) {
    const auto trial = scheduler_.lease(arm.id(), "worker");
    EXPECT_TRUE(trial.has_value());
    clock_.advance(10);
    scheduler_.observe(trial->id, trial->fence, {.value = value, .cost = {10, 10}});
    arm.advance();
    return *trial;
  }

  void work_until_done(Arm& arm) {
    for (int i = 0; i < 20 && arm.phase() != Phase::kDone; ++i) {
      const auto trial = scheduler_.lease(arm.id(), "worker");
      if (trial) scheduler_.observe(trial->id, trial->fence, {.value = 0.5, .cost = {10, 10}});
      arm.advance();
    }
    ASSERT_EQ(arm.phase(), Phase::kDone);
  }

  experiment::TemporaryFolder folder_;
  ManualClock clock_{1e9};
  std::unique_ptr<experiment::Store> store_;
  experiment::Scheduler scheduler_;
  Meter meter_;
};

TEST_F(ArmTest, WithoutASearchTheUntunedRunIsAllThereIs) {
  Arm arm(options(/*search=*/false), scheduler_, meter_);
  EXPECT_TRUE(arm.wants_all_cores());
  scheduler_.set_admission([&](const auto&, const auto& task) { return arm.admits(task); });
  EXPECT_EQ(Arm::role(work(arm, 0.5)), "untuned");
  work_until_done(arm);
  EXPECT_EQ(scheduler_.trials(arm.id()).size(), 1u);
  EXPECT_TRUE(arm.winner_is_untuned());
}

TEST_F(ArmTest, TheOnlyRunHasTheSecondsThatAreLeft) {
  ArmOptions bounded = options(/*search=*/false);
  bounded.end_seconds = 50;
  const Arm arm(bounded, scheduler_, meter_);
  const auto trials = scheduler_.trials(arm.id());
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_NEAR(trials[0].metadata.at("seconds"), 48, 0.1);  // less a worker's start
  ArmOptions searching = options(/*search=*/true);
  searching.end_seconds = 50;
  searching.strategy = train::Strategy::kFeatures;  // another experiment
  const Arm search(searching, scheduler_, meter_);
  for (const auto& trial : scheduler_.trials(search.id()))
    EXPECT_FALSE(trial.metadata.contains("seconds"));
}

TEST_F(ArmTest, RunsTheWinnerForLongerOnce) {
  Arm arm(options(/*search=*/true), scheduler_, meter_);
  scheduler_.set_admission([&](const auto&, const auto& task) { return arm.admits(task); });
  work_until_done(arm);
  EXPECT_FALSE(arm.wants_all_cores());
  const double full_run = arm.full_run_seconds();
  const std::size_t before = scheduler_.trials(arm.id()).size();

  arm.run_longer({{"epochs", 9}, {"height", 112}}, 400);
  EXPECT_TRUE(arm.wants_all_cores());
  arm.advance();
  EXPECT_NE(arm.phase(), Phase::kDone);
  const auto trial = scheduler_.lease(arm.id(), "worker");
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(Arm::role(*trial), "longer");
  EXPECT_EQ(trial->suggestion.assignments, arm.winner());
  EXPECT_EQ(trial->metadata.at("seconds"), 398);  // less a worker's start
  const train::Recipe recipe = worker::recipe_of(arm.experiment(), *trial);
  EXPECT_EQ(recipe.epochs, 9);
  EXPECT_EQ(recipe.height, 112u);

  Arm resumed(options(/*search=*/true), scheduler_, meter_);  // the coordinator was killed
  EXPECT_TRUE(resumed.wants_all_cores());
  resumed.advance();
  EXPECT_NE(resumed.phase(), Phase::kDone);
  scheduler_.observe(trial->id, trial->fence, {.value = 0.9, .cost = {500, 500}});
  work_until_done(resumed);
  resumed.run_longer({{"epochs", 9}}, 400);
  resumed.advance();
  EXPECT_EQ(resumed.phase(), Phase::kDone);
  EXPECT_EQ(scheduler_.trials(arm.id()).size(), before + 1);
  EXPECT_EQ(resumed.full_run_seconds(), full_run);  // which tells nothing of a full run
}

}  // namespace
}  // namespace frugal::cli
