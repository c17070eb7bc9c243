#include "report/task_agreement.h"

#include <gtest/gtest.h>

namespace frugal::report {
namespace {

Trial trial(const std::string& task, double cost, int x, std::optional<double> value,
            std::vector<Passing> passings = {}) {
  return {.strategy = "fine-tune",
          .task = task,
          .cost = cost,
          .state = value ? "done" : "failed",
          .value = value,
          .assignments = {{"x", x}},
          .passings = std::move(passings)};
}

TEST(TaskAgreement, PairsTheAssignmentsThatRanBothAndAveragesTheirRuns) {
  Answer answer;
  for (int x = 0; x < 5; ++x) answer.trials.push_back(trial("small", 0.1, x, 0.1 * x));
  answer.trials.push_back(trial("full", 1, 0, 0.9));
  answer.trials.push_back(trial("full", 1, 0, 0.1));  // with the other: 0.5
  answer.trials.push_back(trial("full", 1, 1, 0.4));
  answer.trials.push_back(trial("full", 1, 2, 0.3));
  answer.trials.push_back(trial("full", 1, 3, 0.2));
  answer.trials.push_back(trial("full", 1, 4, std::nullopt));  // no pair
  answer.trials.push_back(trial("full", 1, 7, 0.7));           // none either
  const auto agreements = task_agreements(answer);
  ASSERT_EQ(agreements.size(), 1u);
  EXPECT_EQ(agreements[0].task, "small");
  EXPECT_FALSE(agreements[0].in_passing);
  EXPECT_EQ(agreements[0].pairs, 4u);
  EXPECT_EQ(agreements[0].correlation, -1);
  EXPECT_TRUE(agreements[0].interval->contains(-1) || agreements[0].interval->low < -0.9);
}

TEST(TaskAgreement, KeepsWhatFullRunsSawInPassingApart) {
  Answer answer;
  answer.trials.push_back(trial("small", 0.1, 0, 0.3));
  for (int x = 0; x < 6; ++x)
    answer.trials.push_back(
        trial("full", 1, x, 0.1 * x, {{"medium", 0.5, 0.05 * x}, {"small", 0.1, -1.0 * x}}));
  const auto agreements = task_agreements(answer);
  ASSERT_EQ(agreements.size(), 3u);
  EXPECT_EQ(agreements[0].pairs, 1u);  // small, by a run of its own
  EXPECT_FALSE(agreements[0].correlation.has_value());
  EXPECT_TRUE(agreements[1].in_passing);
  EXPECT_EQ(agreements[1].task, "small");
  EXPECT_EQ(agreements[1].correlation, -1);
  EXPECT_EQ(agreements[2].task, "medium");
  EXPECT_EQ(agreements[2].cost, 0.5);
  EXPECT_EQ(agreements[2].pairs, 6u);
  EXPECT_EQ(agreements[2].correlation, 1);
}

TEST(TaskAgreement, IsEmptyWithoutTrials) {
  EXPECT_TRUE(task_agreements({}).empty());
}

}  // namespace
}  // namespace frugal::report
