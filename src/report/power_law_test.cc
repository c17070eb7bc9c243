#include "report/power_law.h"

#include <gtest/gtest.h>

#include <cmath>

namespace frugal::report {
namespace {

TEST(PowerLaw, IsFoundAgainInItsOwnValues) {
  for (const PowerLaw truth :
       {PowerLaw{2, 0.35, 0.1}, PowerLaw{1.5, 0.2, 0}, PowerLaw{5, 1, 0.3}}) {
    std::vector<SizedError> points;
    for (const double n : {100, 200, 400, 700, 1000}) points.push_back({n, truth.error(n)});
    const PowerLaw found = fit_power_law(points);
    for (const double n : {100.0, 1000.0, 2000.0})
      EXPECT_NEAR(found.error(n), truth.error(n), 2e-3) << truth.b;
    EXPECT_NEAR(found.b, truth.b, 0.05 + 0.1 * truth.b);
  }
}

TEST(PowerLaw, OfErrorsThatDoNotFallStaysWhereItIs) {
  const PowerLaw found = fit_power_law({{100, 0.4}, {200, 0.4}, {400, 0.4}});
  EXPECT_NEAR(found.error(800), 0.4, 1e-6);
  // And of rising ones: no law that rises is fitted.
  const PowerLaw rising = fit_power_law({{100, 0.3}, {200, 0.4}, {400, 0.5}});
  EXPECT_LE(rising.error(800), rising.error(100) + 1e-9);
}

// Photographs that are right with probability 1 − error(n), drawn for each size and seed.
std::vector<SizedJudgement> drawn_curve(const PowerLaw& truth, std::size_t photographs) {
  std::vector<SizedJudgement> curve;
  RandomStream random(4);
  for (const std::size_t n : {100, 200, 400, 700, 1000}) {
    SizedJudgement size{n, {}};
    for (int seed = 0; seed < 3; ++seed) {
      std::vector<bool> correct;
      for (std::size_t j = 0; j < photographs; ++j)
        correct.push_back(random.uniform() >= truth.error(static_cast<double>(n)));
      size.correct.push_back(std::move(correct));
    }
    curve.push_back(std::move(size));
  }
  return curve;
}

TEST(LawBand, HoldsWhatTwiceThePhotographsBringAndNarrowsWithMoreOfThem) {
  const PowerLaw truth{3, 0.4, 0.1};
  const double gain = truth.error(1000) - truth.error(2000);
  double width = 1;
  for (const std::size_t photographs : {200, 3000}) {
    const LawBand band = law_band(drawn_curve(truth, photographs), {1000, 2000}, RandomStream(1));
    EXPECT_TRUE(band.gains[1].contains(gain)) << photographs;
    EXPECT_TRUE(band.accuracies[1].contains(1 - truth.error(2000))) << photographs;
    EXPECT_LT(band.gains[1].high - band.gains[1].low, width);
    width = band.gains[1].high - band.gains[1].low;
    EXPECT_NEAR(band.gains[0].high, 0, 1e-9);
  }
}

}  // namespace
}  // namespace frugal::report
