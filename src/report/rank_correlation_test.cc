#include "report/rank_correlation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace frugal::report {
namespace {

std::vector<double> shuffled(std::size_t n, RandomStream random) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 0.0);
  for (std::size_t i = n; i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
  return values;
}

// Without equal values: 1 − 6 Σ d² / (n (n² − 1)).
TEST(Spearman, IsTheClassicalFormulaOfSquaredRankDifferences) {
  const std::size_t n = 23;
  const auto x = shuffled(n, RandomStream(1)), y = shuffled(n, RandomStream(2));
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) squares += (x[i] - y[i]) * (x[i] - y[i]);
  EXPECT_NEAR(*spearman(x, y), 1 - 6 * squares / (n * (n * n - 1.0)), 1e-12);
}

// Ranks by hand: 2 4 4 6 1 8 4 7 and 3 2 6.5 6.5 1 8 4 5.
TEST(Spearman, GivesEqualValuesTheirMeanRank) {
  EXPECT_NEAR(*spearman({0.31, 0.42, 0.42, 0.55, 0.10, 0.77, 0.42, 0.60},
                        {0.50, 0.40, 0.61, 0.61, 0.20, 0.90, 0.55, 0.58}),
              33 / std::sqrt(40.0 * 41.5), 1e-12);
}

TEST(Spearman, SeesTheOrderAlone) {
  const auto x = shuffled(15, RandomStream(3));
  auto y = x;
  for (double& value : y) value = std::exp(value / 3);
  EXPECT_EQ(spearman(x, y), 1);
  for (double& value : y) value = -value;
  EXPECT_EQ(spearman(x, y), -1);
}

TEST(Spearman, IsNotDefinedForOnePairOrEqualValues) {
  EXPECT_EQ(spearman({}, {}), std::nullopt);
  EXPECT_EQ(spearman({1}, {2}), std::nullopt);
  EXPECT_EQ(spearman({1, 1, 1}, {1, 2, 3}), std::nullopt);
  EXPECT_EQ(spearman_interval({1, 2, 3}, {1, 2, 3}, RandomStream(1)), std::nullopt);
}

TEST(Spearman, FewPairsInTheSameOrderAreNoProof) {
  const std::vector<double> four = {1, 2, 3, 4}, forty = shuffled(40, RandomStream(4));
  const Interval few = *spearman_interval(four, four, RandomStream(1));
  const Interval many = *spearman_interval(forty, forty, RandomStream(1));
  EXPECT_LT(few.low, 0);
  EXPECT_GT(many.low, 0.97);
  EXPECT_LE(many.high, 1);
}

// Normal pairs of correlation rho have a Spearman correlation of 6/π asin(rho/2).
TEST(Spearman, TheIntervalHoldsTheTruthNineteenTimesInTwenty) {
  const double rho = 0.7, truth = 6 / M_PI * std::asin(rho / 2);
  int held = 0;
  const int times = 300;
  for (int time = 0; time < times; ++time) {
    RandomStream random = RandomStream(7).derive(static_cast<std::uint64_t>(time));
    std::vector<double> x, y;
    for (int i = 0; i < 25; ++i) {
      x.push_back(random.normal());
      y.push_back(rho * x.back() + std::sqrt(1 - rho * rho) * random.normal());
    }
    held += spearman_interval(x, y, random.derive("bootstrap"), 400)->contains(truth);
  }
  EXPECT_GE(held, 0.93 * times);
  EXPECT_LT(held, times);
}

}  // namespace
}  // namespace frugal::report
