#include "report/statistics.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace frugal::report {
namespace {

// From statistics_golden.py: scipy's figures, and enumeration instead of sampling.
Json golden(const char* name) {
  const std::string path = FRUGAL_REPORT_FOLDER "/statistics_golden.json";
  return parse_json(read_file(path), path).at(name);
}

Correctness correctness(const Json& table) {
  Correctness correct;
  for (const Json& row : table) {
    auto& seed = correct.emplace_back();
    for (const Json& right : row) seed.push_back(right.get<int>() == 1);
  }
  return correct;
}

Correctness draw(std::size_t seeds, std::size_t photographs, double share, RandomStream random) {
  Correctness correct(seeds, std::vector<bool>(photographs));
  for (auto& seed : correct)
    for (std::size_t j = 0; j < photographs; ++j) seed[j] = random.uniform() < share;
  return correct;
}

TEST(WilsonInterval, EqualsScipys) {
  for (const Json& g : golden("wilson")) {
    const double n = g["n"], right = g["right"];
    const Interval interval = wilson_interval(right / n, n);
    EXPECT_NEAR(interval.low, g["low"].get<double>(), 1e-12) << g;
    EXPECT_NEAR(interval.high, g["high"].get<double>(), 1e-12) << g;
  }
}

TEST(SeedsInterval, IsWilsonsForOneSeedAndWiderForSeedsThatDiffer) {
  EXPECT_EQ(seeds_interval({0.7}, 100), wilson_interval(0.7, 100));
  const Interval alike = seeds_interval({0.7, 0.7, 0.7}, 100);
  const Interval apart = seeds_interval({0.6, 0.7, 0.8}, 100);
  EXPECT_NEAR(alike.high, wilson_interval(0.7, 100).high, 1e-12);
  EXPECT_GT(apart.high - apart.low, alike.high - alike.low);
  EXPECT_EQ(seeds_interval({1, 1}, 10), wilson_interval(1, 10));
}

TEST(Bootstrap, HasThePercentilesOfEveryPossibleResample) {
  for (const Json& g : golden("bootstrap")) {
    const Interval interval =
        bootstrap_interval(correctness(g["correct"]), RandomStream(1), 100'000);
    EXPECT_NEAR(interval.low, g["interval"][0].get<double>(), 1e-9) << g;
    EXPECT_NEAR(interval.high, g["interval"][1].get<double>(), 1e-9) << g;
  }
}

TEST(Bootstrap, OfADifferenceHasThePercentilesOfEveryPossiblePairedResample) {
  for (const Json& g : golden("bootstrap_difference")) {
    const Interval interval = bootstrap_difference_interval(
        correctness(g["first"]), correctness(g["second"]), RandomStream(1), 100'000);
    EXPECT_NEAR(interval.low, g["interval"][0].get<double>(), 1e-9) << g;
    EXPECT_NEAR(interval.high, g["interval"][1].get<double>(), 1e-9) << g;
  }
}

TEST(Bootstrap, ForOneSeedOfManyPhotographsIsTheNormalInterval) {
  const Correctness correct = draw(1, 2000, 0.7, RandomStream(3));
  const double p = accuracy(correct), half = 1.96 * std::sqrt(p * (1 - p) / 2000);
  const Interval interval = bootstrap_interval(correct, RandomStream(4));
  EXPECT_NEAR(interval.low, p - half, 0.1 * half);
  EXPECT_NEAR(interval.high, p + half, 0.1 * half);
}

TEST(AccuracyInterval, IsTheSameForTheSameStream) {
  const Correctness correct = draw(3, 50, 0.7, RandomStream(3));
  EXPECT_EQ(accuracy_interval(correct, RandomStream(4)),
            accuracy_interval(correct, RandomStream(4)));
}

TEST(AccuracyInterval, OfTenPhotographsAllRightIsNotAPoint) {
  const Interval interval = accuracy_interval(draw(3, 10, 1, RandomStream(1)), RandomStream(1));
  EXPECT_LT(interval.low, 0.75);
  EXPECT_EQ(interval.high, 1);
}

// The accuracy that is estimated: the mean over all photographs and all seeds. A seed shifts the
// accuracy of its model, a photograph is harder or easier for every model.
TEST(AccuracyInterval, HoldsTheTruthInAboutNineteenOfTwentyExperiments) {
  const RandomStream random(11);
  int held = 0;
  const int experiments = 400;
  for (int e = 0; e < experiments; ++e) {
    RandomStream stream = random.derive(static_cast<std::uint64_t>(e));
    std::vector<double> hardness(60), shift(4);
    for (double& h : hardness) h = stream.uniform(-0.3, 0.3);
    for (double& s : shift) s = 0.03 * stream.normal();
    Correctness correct(4, std::vector<bool>(60));
    for (std::size_t s = 0; s < 4; ++s)
      for (std::size_t j = 0; j < 60; ++j)
        correct[s][j] = stream.uniform() < 0.65 + hardness[j] + shift[s];
    held += accuracy_interval(correct, stream.derive("bootstrap"), 300).contains(0.65);
  }
  EXPECT_GE(held, 0.93 * experiments);
}

TEST(DifferenceInterval, OfEqualPredictionsHoldsZeroAndHasAWidth) {
  const Correctness correct = draw(1, 40, 0.5, RandomStream(1));
  const Interval interval = difference_interval(correct, correct, RandomStream(2));
  EXPECT_TRUE(interval.contains(0));
  EXPECT_GT(interval.high - interval.low, 0.02);
}

TEST(DifferenceInterval, TurnsRoundWithItsArms) {
  const Correctness first = draw(2, 80, 0.8, RandomStream(1));
  const Correctness second = draw(3, 80, 0.6, RandomStream(2));
  const Interval there = difference_interval(first, second, RandomStream(3), 20'000);
  const Interval back = difference_interval(second, first, RandomStream(4), 20'000);
  EXPECT_NEAR(there.low, -back.high, 0.01);
  EXPECT_NEAR(there.high, -back.low, 0.01);
}

// Airway hyper-responsiveness, 21 children, 1 and 7 discordant: (1 − 7)/23 before the half-width.
TEST(BonettPriceInterval, EqualsTheFormulaWorkedByHand) {
  const Interval interval = bonett_price_interval(1, 7, 21);
  EXPECT_NEAR((interval.low + interval.high) / 2, -6.0 / 23, 1e-12);
  EXPECT_NEAR((interval.high - interval.low) / 2,
              1.959963984540054 * std::sqrt((10.0 / 23 - 36.0 / 529) / 23), 1e-12);
}

// Newcombe (1998), table II, comparison (a): 56/70 against 48/80 by method 10.
TEST(IndependentDifferenceInterval, EqualsNewcombesExample) {
  const Interval interval = independent_difference_interval(
      56 / 70.0, wilson_interval(56 / 70.0, 70), 48 / 80.0, wilson_interval(48 / 80.0, 80));
  EXPECT_NEAR(interval.low, 0.0524, 5e-5);
  EXPECT_NEAR(interval.high, 0.3339, 5e-5);
}

TEST(McNemar, EqualsScipysBinomialTest) {
  for (const Json& g : golden("mcnemar")) {
    const PairedTest test = mcnemar(g["only_first"], g["only_second"]);
    EXPECT_NEAR(test.exact_p, g["exact"].get<double>(), 1e-9) << g;
    EXPECT_NEAR(test.mid_p, g["mid"].get<double>(), 1e-9) << g;
  }
  EXPECT_EQ(mcnemar(0, 0).mid_p, 1);
}

TEST(PairedTest, EqualsScipysExactPermutationTest) {
  for (const Json& g : golden("permutation"))
    EXPECT_NEAR(paired_test(correctness(g["first"]), correctness(g["second"])).exact_p,
                g["exact"].get<double>(), 1e-12)
        << g;
}

TEST(PairedTest, ForOneSeedEachIsMcNemars) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Correctness first = draw(1, 60, 0.7, RandomStream(seed).derive(1));
    const Correctness second = draw(1, 60, 0.6, RandomStream(seed).derive(2));
    std::size_t only_first = 0, only_second = 0;
    for (std::size_t j = 0; j < 60; ++j) {
      only_first += first[0][j] && !second[0][j];
      only_second += second[0][j] && !first[0][j];
    }
    const PairedTest expected = mcnemar(only_first, only_second);
    EXPECT_NEAR(paired_test(first, second).exact_p, expected.exact_p, 1e-9);
    EXPECT_NEAR(paired_test(first, second).mid_p, expected.mid_p, 1e-9);
    // The same seed three times over says no more than once.
    EXPECT_NEAR(paired_test({first[0], first[0], first[0]}, second).mid_p, expected.mid_p, 1e-9);
  }
}

TEST(PairedTest, OfEqualArmsIsOne) {
  const Correctness correct = draw(2, 30, 0.5, RandomStream(1));
  EXPECT_EQ(paired_test(correct, correct).mid_p, 1);
}

TEST(MacroF1, IsTheMeanOfPrecisionAndRecallsHarmonicMeans) {
  for (const Json& g : golden("macro_f1"))
    EXPECT_NEAR(macro_f1(g["labels"], g["predictions"]), g["f1"].get<double>(), 1e-12) << g;
  EXPECT_EQ(macro_f1({4, 4}, {4, 4}), 1);
  EXPECT_EQ(macro_f1({0, 1}, {1, 0}), 0);
}

}  // namespace
}  // namespace frugal::report
