#include "optimizer/belief.h"

#include <gtest/gtest.h>

namespace frugal::optimizer {
namespace {

const std::vector<Task> kTasks = {{"small", .1}, {"full", 1}};

// Both tasks agree to the last digit.
History agreeing_history(const Problem& problem, int points) {
  RandomStream random(1);
  History history;
  for (int i = 0; i < points; ++i) {
    const Assignments assignments = problem.space.sample(random);
    const double x = std::get<double>(assignments.at("x"));
    for (std::size_t task : {0, 1})
      history.observations.push_back({assignments, task, x * (1 - x), {}, {}});
  }
  return history;
}

TEST(BeliefTest, OneMemberDoubtsTheCheapTaskHoweverWellItAgrees) {
  Parameter x;
  x.name = "x";
  const Problem problem{Space({x}), true, kTasks, {}, false};
  Ledger ledger(problem);
  ledger.update(agreeing_history(problem, 8));
  BeliefOptions options;
  options.ensemble.short_lengths = 0;
  Belief belief(ledger, 1, options);
  belief.update(0);
  ASSERT_EQ(belief.members(), 2u);
  EXPECT_GT(belief.member(0).kernel().task_correlation(0, 1), .97);
  EXPECT_LT(belief.member(1).kernel().task_correlation(0, 1), .97);
}

TEST(BeliefTest, WithOneTaskThereIsNothingToDoubt) {
  Parameter x;
  x.name = "x";
  const Problem problem{Space({x}), true, {Task{}}, {}, false};
  Ledger ledger(problem);
  History history;
  for (double at : {.1, .4, .9}) history.observations.push_back({{{"x", at}}, 0, at, {}, {}});
  ledger.update(history);
  Belief belief(ledger, 1, {});
  belief.update(0);
  EXPECT_EQ(belief.members(), 2u);  // the mode, and the mode with short lengths
}

}  // namespace
}  // namespace frugal::optimizer
