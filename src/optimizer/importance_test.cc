#include "optimizer/importance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "optimizer/pick_freeze.h"
#include "optimizer/surrogate.h"
#include "optimizer/test_history.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kParameters = 4;

// A sum of waves: a function of the process's prior, with lengths out of theirs (gp.h), as
// independent of it as the prior's spectrum allows.
class Waves {
 public:
  explicit Waves(std::uint64_t seed) : frequencies_(400, kParameters), phase_(400), weight_(400) {
    RandomStream random(seed);
    VectorXd length(kParameters);
    for (double& l : length)
      l = .35 * std::sqrt(kParameters / 2.0) * std::exp(.9 * random.normal());
    for (Index k = 0; k < 400; ++k) {
      double chi = 0;
      for (int i = 0; i < 5; ++i) chi += std::pow(random.normal(), 2);
      for (Index j = 0; j < kParameters; ++j)
        frequencies_(k, j) = random.normal() / std::sqrt(chi / 5) / length[j];
      phase_[k] = random.uniform(0, 2 * M_PI);
      weight_[k] = random.normal() * std::sqrt(2.0 / 400);
    }
  }
  double operator()(const VectorXd& x) const {
    return weight_.dot((frequencies_ * x + phase_).array().cos().matrix());
  }

 private:
  MatrixXd frequencies_;
  VectorXd phase_, weight_;
};

// The shares of the true function, warped as the observations warp it, against the intervals.
TEST(ImportanceTest, IntervalsCoverTheTruthForFunctionsLikeThePrior) {
  const Problem problem{Space({number_parameter("0"), number_parameter("1"), number_parameter("2"),
                               number_parameter("3")})};
  const Encoder encoder(problem.space);
  int covered = 0, asked = 0;
  double error = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Waves waves(seed);
    const auto at = [&](const Point& point) {
      return waves(VectorXd::Map(point.data(), kParameters));
    };
    RandomStream noise(100 + seed);
    std::vector<double> values;
    const History history = history_of(
        problem, 60,
        [&](const Assignments& x, std::size_t) {
          values.push_back(at(encoder.encode(x)) + .08 * noise.normal());
          return values.back();
        },
        seed);
    const Warp warp(values);
    const Functions truth = [&](const std::vector<Point>& points) {
      MatrixXd result(Index(points.size()), 1);
      for (std::size_t i = 0; i < points.size(); ++i) result(Index(i), 0) = warp(at(points[i]));
      return result;
    };
    const Decomposition exact =
        pick_freeze(problem.space, encoder, truth, 9, {.most_points = 1 << 15, .resamples = 1})
            .overall;
    const Decomposition found = importance(Surrogate(problem, history, seed)).overall;
    for (std::size_t j = 0; j < kParameters; ++j)
      for (const auto effects : {&Decomposition::main, &Decomposition::total}) {
        const double share = (exact.*effects)[j].share.value;
        const Interval interval = (found.*effects)[j].share;
        covered += interval.low - .002 <= share && share <= interval.high + .002;
        error += std::abs(interval.value - share);
        ++asked;
      }
  }
  EXPECT_GE(covered, .85 * asked) << "of " << asked;
  EXPECT_LT(error / asked, .08);
}

}  // namespace
}  // namespace frugal::optimizer
