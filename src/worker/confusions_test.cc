#include "worker/confusions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace frugal::worker {
namespace {

using Classes = std::vector<std::size_t>;

TEST(Confusions, CountsWhatWasTakenForWhatTheMostFrequentFirst) {
  const Classes labels = {0, 0, 1, 1, 1, 2, 2}, predictions = {0, 2, 0, 0, 1, 2, 1};
  EXPECT_EQ(confusions(labels, predictions, 4), Json::parse(R"({
    "photographs": [2, 3, 2, 0],
    "mistakes": [[1, 0, 2], [0, 2, 1], [2, 1, 1]],
    "left_out": 0})"));
}

TEST(Confusions, OfAPerfectModelAreNone) {
  const Classes labels = {1, 0, 1};
  EXPECT_TRUE(confusions(labels, labels, 2)["mistakes"].empty());
}

TEST(Confusions, LeaveOutTheRarestAndSayHowMany) {
  constexpr std::size_t kClasses = 500;
  Classes labels, predictions;
  for (std::size_t i = 0; i < kClasses; ++i) {
    labels.push_back(i);
    predictions.push_back((i + 1) % kClasses);
  }
  labels.push_back(7);
  predictions.push_back(8);
  const Json found = confusions(labels, predictions, kClasses);
  EXPECT_EQ(found["mistakes"].size(), 400u);
  EXPECT_EQ(found["mistakes"][0], Json({7, 8, 2}));
  EXPECT_EQ(found["left_out"], 100);
  EXPECT_LT(found.dump().size(), 8000u);
}

}  // namespace
}  // namespace frugal::worker
