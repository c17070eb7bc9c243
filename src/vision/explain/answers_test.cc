#include "vision/explain/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frugal::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<ModelAnswer> kAnswers = {{0, 1, 0.6}, {1, 1, 0.9}, {0, 1, 0.8},
                                           {2, 0, 0.7}, {1, 1, 0.5}, {0, 0, 0.4}};

TEST(Answers, TheWorstMistakesAreTheSurest) {
  EXPECT_THAT(worst_mistakes(kAnswers, 2), ElementsAre(2, 3));
  EXPECT_THAT(worst_mistakes(kAnswers, 9), ElementsAre(2, 3, 0));
}

TEST(Answers, APairIsConfusedFromTwiceOn) {
  const auto pairs = confused_pairs(kAnswers, 5);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(pairs[0].label, 0u);
  EXPECT_EQ(pairs[0].prediction, 1u);
  EXPECT_THAT(pairs[0].photographs, ElementsAre(0, 2));
  EXPECT_THAT(confused_pairs({kAnswers[1]}, 5), IsEmpty());
}

TEST(Answers, TypicalIsWhatIsRecognizedMostSurely) {
  EXPECT_EQ(typical_of(kAnswers, 1), 1u);
  EXPECT_EQ(typical_of(kAnswers, 2), std::nullopt);
}

}  // namespace
}  // namespace frugal::explain
