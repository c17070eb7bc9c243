#include "cli/allowance.h"

#include <gtest/gtest.h>

#include "experiment/test_experiment.h"

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

const optimizer::Task kSmall{"small", 0.1}, kMedium{"medium", 0.5}, kFull{"full", 1};

Trial trial(std::size_t task, double seconds, TrialState state = TrialState::kDone) {
  return {.suggestion = {{}, task}, .state = state, .cost = {.wall_seconds = seconds}};
}

TEST(Allowance, LetsBeginWhatFitsIntoTheRunsToTheLast) {
  Allowance allowance(experiment::test_experiment(), 1.0, {}, {});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(allowance.admits(kSmall, 0)) << i;
  EXPECT_TRUE(allowance.is_spent(0));
  EXPECT_FALSE(allowance.admits(kSmall, 0));
}

TEST(Allowance, CountsWhatWasBegunBefore) {
  Allowance allowance(experiment::test_experiment(), 2.0, {},
                      {trial(2, 1), trial(1, 1, TrialState::kPreempted)});
  EXPECT_FALSE(allowance.is_spent(0));
  EXPECT_TRUE(allowance.admits(kMedium, 0));
  EXPECT_TRUE(allowance.is_spent(0));
}

TEST(Allowance, RefusesForGoodOnceItHasRefused) {
  Allowance allowance(experiment::test_experiment(), 0.9, {}, {});
  EXPECT_FALSE(allowance.admits(kFull, 0));
  EXPECT_FALSE(allowance.admits(kSmall, 0));
  EXPECT_TRUE(allowance.is_spent(0));
}

TEST(Allowance, LetsNothingBeginThatWouldEndTooLate) {
  Allowance allowance(experiment::test_experiment(), {}, 100.0, {});
  EXPECT_TRUE(allowance.admits(kFull, 99)) << "nobody knows how long it takes";
  allowance.learn_seconds(
      {trial(0, 2), trial(0, 4), trial(1, 10), trial(2, 999, TrialState::kFailed)});
  EXPECT_TRUE(allowance.admits(kSmall, 96));
  EXPECT_TRUE(allowance.admits(kFull, 70)) << "about 16 seconds for seven tenths of a run";
  EXPECT_FALSE(allowance.admits(kFull, 80));
}

TEST(Allowance, IsSpentWhenItsTimeIsOver) {
  const Allowance allowance(experiment::test_experiment(), {}, 100.0, {});
  EXPECT_FALSE(allowance.is_spent(99));
  EXPECT_TRUE(allowance.is_spent(100));
}

}  // namespace
}  // namespace frugal::cli
