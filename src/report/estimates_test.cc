#include "report/estimates.h"

#include <gtest/gtest.h>

#include <cmath>

namespace frugal::report {
namespace {

TEST(Estimates, TheMeansIntervalIsTheNormalOnesForManyValues) {
  RandomStream random(3);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(5 + 2 * random.normal());
  const Measured mean = mean_estimate(values, RandomStream(1));
  EXPECT_NEAR((mean.interval.high - mean.interval.low) / 2, 1.96 * 2 / 20, 0.03);
  EXPECT_TRUE(mean.interval.contains(mean.value));
}

TEST(Estimates, OfAllLossesTheFirstsShare) {
  // 100 photographs; without the first thing 30 are lost, without the second 10.
  std::vector<bool> whole(100, true), first = whole, second = whole;
  for (std::size_t j = 0; j < 30; ++j) first[j] = false;
  for (std::size_t j = 50; j < 60; ++j) second[j] = false;
  const auto share = share_of_losses(whole, first, second, RandomStream(1));
  ASSERT_TRUE(share);
  EXPECT_DOUBLE_EQ(share->value, 0.75);
  EXPECT_GT(share->interval.low, 0.5);
  EXPECT_LT(share->interval.high, 0.95);
  EXPECT_FALSE(share_of_losses(whole, whole, whole, RandomStream(1)));
}

TEST(Estimates, ARatioOfAccuraciesIsPaired) {
  std::vector<bool> below(200), above(200);
  for (std::size_t j = 0; j < 200; ++j) below[j] = j % 2 == 0, above[j] = j % 4 == 0;
  const auto ratio = accuracy_ratio({above}, {below}, RandomStream(1));
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->value, 0.5);
  // Of 100 right ones half stay so: about ±0.1. Unpaired it were ±0.15.
  EXPECT_NEAR(ratio->interval.high - ratio->interval.low, 0.2, 0.04);
  EXPECT_FALSE(accuracy_ratio({below}, {std::vector<bool>(200, false)}, RandomStream(1)));
}

TEST(Estimates, FewSeedsMakeWideIntervals) {
  const Measured two = seeds_mean({1, 2});
  EXPECT_NEAR(two.interval.high - two.value, 12.706 * 0.5, 1e-9);
  const Measured three = seeds_mean({1, 1.5, 2});
  EXPECT_NEAR(three.interval.high - three.value, 4.303 * 0.5 / std::sqrt(3), 1e-9);
}

}  // namespace
}  // namespace frugal::report
