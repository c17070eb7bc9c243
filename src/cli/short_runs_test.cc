#include "cli/short_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace frugal::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Done = std::vector<std::pair<std::size_t, std::size_t>>;  // variant, seed

// Three seeds of two variants, ten seconds a run, within 80 seconds.
class ShortRunsTest : public testing::Test {
 protected:
  ShortRunsTest() {
    plan_.seeds = 3;
    plan_.run_seconds = 10;
    plan_.shared_seconds = 5;
    plan_.judging_seconds = 5;
    plan_.needed_seconds = 70;
  }
  // Each run takes so many seconds; one that does not end in time is stopped.
  void run(double seconds, std::size_t variant, std::size_t seed) {
    if (budget_.left_seconds() < seconds) {
      clock_.advance(budget_.left_seconds());
      throw Stopped("stopped");
    }
    clock_.advance(seconds);
    done_.emplace_back(variant, seed);
  }
  std::size_t run_all(ShortRuns& runs, double seconds) {
    return runs.run_seeds(
        [&](std::size_t variant, std::size_t seed) { run(seconds, variant, seed); });
  }
  std::string why_not(ShortRuns& runs, double seconds) {
    try {
      run_all(runs, seconds);
    } catch (const InputError& error) {
      return error.what();
    }
    return "it was done";
  }

  ManualClock clock_;
  explain::ShortRunPlan plan_;
  const BudgetShare budget_{80, 1, clock_};
  Done done_;
};

TEST_F(ShortRunsTest, RunEverySeedOfThePlanVariantByVariant) {
  ShortRuns runs(plan_, budget_, 2);
  EXPECT_EQ(run_all(runs, 10), 3u);
  EXPECT_EQ(done_, (Done{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}}));
  EXPECT_EQ(runs.note(), "");
}

TEST_F(ShortRunsTest, LeaveOutASeedThatTheBudgetDoesNotHoldAtTheirPace) {
  ShortRuns runs(plan_, budget_, 2);
  EXPECT_EQ(run_all(runs, 16), 2u);
  EXPECT_EQ(done_.size(), 4u);
  EXPECT_FALSE(budget_.is_spent()) << "the third seed was not begun";
  EXPECT_THAT(runs.note(), HasSubstr("2 of the 3 planned seeds"));
}

TEST_F(ShortRunsTest, EndAsSoonAsTheirPaceShowsThatTheLeastDoesNotFit) {
  ShortRuns runs(plan_, budget_, 2);
  const std::string why = why_not(runs, 25);
  EXPECT_EQ(done_.size(), 2u);
  EXPECT_LE(budget_.spent_seconds(), 50);
  // (5 + 5 + 4 × 10) × 2.5 = 125 seconds
  EXPECT_THAT(why, AllOf(HasSubstr("after 2 of 4 short runs"), HasSubstr("2.5 times"),
                         HasSubstr("--budget 3m"), HasSubstr("the same command goes on")));
}

TEST_F(ShortRunsTest, AFirstRunThatSetsUpMuchDoesNotTellThePace) {
  ShortRuns runs(plan_, budget_, 2);
  const std::size_t seeds = runs.run_seeds([&](std::size_t variant, std::size_t seed) {
    run(variant + seed == 0 ? 35 : 5, variant, seed);
  });
  EXPECT_EQ(seeds, 3u);
}

TEST_F(ShortRunsTest, AreCutWhenTheBudgetIsSpent) {
  ShortRuns runs(plan_, budget_, 2);
  const std::string why = why_not(runs, 1000);
  EXPECT_TRUE(done_.empty());
  EXPECT_EQ(budget_.spent_seconds(), 80) << "and not a second more";
  EXPECT_THAT(why, AllOf(HasSubstr("short run 1 of 4, which was cut"), HasSubstr("--budget 5m"),
                         Not(HasSubstr("the same command"))));
}

TEST_F(ShortRunsTest, KeepWhatIsWholeWhenASeedBeyondTheLeastIsCut) {
  ShortRuns runs(plan_, budget_, 2);
  const std::size_t seeds = runs.run_seeds(
      [&](std::size_t variant, std::size_t seed) { run(seed < 2 ? 10 : 100, variant, seed); });
  EXPECT_EQ(seeds, 2u);
  EXPECT_EQ(budget_.spent_seconds(), 80);
  EXPECT_THAT(runs.note(), AllOf(HasSubstr("the next was cut"), HasSubstr("of 80 s that it had")));
}

TEST_F(ShortRunsTest, RunsThatAreRememberedCostNothing) {
  clock_.advance(1000);
  const BudgetShare once_more(80, 1, clock_);
  ShortRuns runs(plan_, once_more, 2);
  std::size_t remembered = 3;
  const auto seeds = runs.run_seeds([&](std::size_t, std::size_t) {
    clock_.advance(remembered > 0 ? 0 : 20);
    remembered -= remembered > 0;
  });
  EXPECT_EQ(seeds, 3u);
}

TEST_F(ShortRunsTest, AStopByTheUserIsNoMatterOfTheBudget) {
  ShortRuns runs(plan_, budget_, 2);
  EXPECT_THROW(runs.run_seeds([](std::size_t, std::size_t) { throw Stopped("by hand"); }), Stopped);
}

TEST(BudgetShare, NamesTheBudgetOfAllThatSuffices) {
  const ManualClock clock;
  EXPECT_EQ(BudgetShare(60, 1, clock).budget_for(61.2), "62s");
  const BudgetShare shared(60, 3, clock);
  EXPECT_EQ(shared.seconds(), 20);
  EXPECT_EQ(shared.budget_for(61), "4m") << "183 seconds";
}

}  // namespace
}  // namespace frugal::cli
