// The small numerical parts: polytopes, Sobol points, L-BFGS, the warp, the fit, the acquisition.
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <set>

#include "optimizer/acquire.h"
#include "optimizer/fit.h"
#include "optimizer/lbfgs.h"
#include "optimizer/polytope.h"
#include "optimizer/sobol.h"
#include "optimizer/warp.h"

namespace frugal::optimizer {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

TEST(PolytopeTest, InnerPointOfATriangleIsItsIncentre) {
  const auto point = inner_point({{{1, 1}, 1}}, 2);
  ASSERT_TRUE(point);
  const double incentre = 1 / (2 + std::sqrt(2.0));
  EXPECT_NEAR((*point)[0], incentre, 1e-9);
  EXPECT_NEAR((*point)[1], incentre, 1e-9);
}

TEST(PolytopeTest, ContradictionsHaveNoInnerPoint) {
  EXPECT_FALSE(inner_point({{{1, 1}, -.1}}, 2));
  EXPECT_FALSE(inner_point({{{1, 0}, .3}, {{-1, 0}, -.4}}, 2));
  EXPECT_TRUE(inner_point({{{1, 0}, .3}, {{-1, 0}, -.3}}, 2));
}

TEST(PolytopeTest, RandomPolytopesWithAKnownPointAreFeasible) {
  RandomStream random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t d = 1 + random.below(12);
    std::vector<double> inside(d);
    for (double& x : inside) x = random.uniform();
    std::vector<HalfSpace> half_spaces(1 + random.below(8));
    for (HalfSpace& h : half_spaces) {
      h.bound = 1e-3;
      for (double x : inside) {
        h.normal.push_back(random.normal());
        h.bound += h.normal.back() * x;
      }
    }
    const auto point = inner_point(half_spaces, d);
    ASSERT_TRUE(point);
    EXPECT_TRUE(is_inside(half_spaces, *point));
  }
}

TEST(SobolTest, EachPowerOfTwoIsStratified) {
  constexpr std::size_t kPoints = 64;
  for (std::uint64_t seed : {0, 1, 2}) {
    std::vector<std::set<int>> cells(5);
    for (std::size_t i = 0; i < kPoints; ++i) {
      const auto point = scrambled_sobol(i, 5, seed);
      for (std::size_t j = 0; j < 5; ++j) {
        ASSERT_TRUE(point[j] >= 0 && point[j] < 1);
        cells[j].insert(int(point[j] * kPoints));
      }
    }
    for (const auto& cell : cells) EXPECT_GE(cell.size(), kPoints - 1);
  }
  EXPECT_NE(scrambled_sobol(3, 2, 1), scrambled_sobol(3, 2, 2));
  EXPECT_EQ(scrambled_sobol(3, 5000, 1).size(), 5000u);
}

TEST(LbfgsTest, FindsTheMinimumOfRosenbrocksValley) {
  const Objective rosenbrock = [](const VectorXd& x, VectorXd& g) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g << -2 * a - 400 * x[0] * b, 200 * b;
    return a * a + 100 * b * b;
  };
  LbfgsOptions options;
  options.max_evaluations = 300, options.gradient_tolerance = 1e-8, options.value_tolerance = 0;
  const VectorXd low = VectorXd::Constant(2, -3), high = VectorXd::Constant(2, 3);
  const LbfgsSummary free = minimize(rosenbrock, VectorXd::Constant(2, -1.2), low, high, options);
  EXPECT_NEAR(free.x[0], 1, 1e-5);
  EXPECT_NEAR(free.x[1], 1, 1e-5);
  // With x0 <= .5 the minimum is on the face: (.5, .25).
  const LbfgsSummary bounded =
      minimize(rosenbrock, VectorXd::Constant(2, -1.2), low, Eigen::Vector2d(.5, 3), options);
  EXPECT_NEAR(bounded.x[0], .5, 1e-9);
  EXPECT_NEAR(bounded.x[1], .25, 1e-4);
}

TEST(LbfgsTest, NeverLeavesTheBoxNorGetsWorse) {
  RandomStream random(2);
  for (int trial = 0; trial < 100; ++trial) {
    const VectorXd centre = VectorXd::NullaryExpr(6, [&] { return random.uniform(-2, 2); });
    const VectorXd weight =
        VectorXd::NullaryExpr(6, [&] { return std::pow(10, random.uniform(-2, 2)); });
    const Objective bowl = [&](const VectorXd& x, VectorXd& g) {
      EXPECT_LE(x.cwiseAbs().maxCoeff(), 1);
      g = 2 * weight.cwiseProduct(x - centre);
      return weight.dot((x - centre).cwiseAbs2());
    };
    LbfgsOptions options;
    options.max_evaluations = 400, options.gradient_tolerance = 1e-7, options.value_tolerance = 0;
    const LbfgsSummary summary =
        minimize(bowl, VectorXd::Zero(6), -VectorXd::Ones(6), VectorXd::Ones(6), options);
    const VectorXd expected = centre.cwiseMax(-1).cwiseMin(1);
    EXPECT_LT((summary.x - expected).cwiseAbs().maxCoeff(), 1e-3);
  }
}

TEST(WarpTest, IsMonotoneAndCompressesWhatIsBelowTheMedian) {
  const Warp warp({.1, .2, .3, .4, .5, -1000});
  double before = -INFINITY;
  for (double y : {-1e308, -1000., 0., .1, .2, .25, .3, .5, 2., 1e308}) {
    const double u = warp(y);
    EXPECT_TRUE(std::isfinite(u));
    EXPECT_GE(u, before);
    before = u;
  }
  EXPECT_NEAR(warp(.25), 0, 1e-12);
  EXPECT_GT(warp(-1000), -12);
  EXPECT_NEAR(warp.slope(.2), (warp(.2 + 1e-6) - warp(.2 - 1e-6)) / 2e-6, 1e-4);
  EXPECT_NEAR(warp.slope(.4), (warp(.4 + 1e-6) - warp(.4 - 1e-6)) / 2e-6, 1e-4);
}

TEST(WarpTest, ConstantsMapToZero) {
  EXPECT_EQ(Warp({})(3), 0);
  EXPECT_EQ(Warp({2, 2, 2})(2), 0);
}

// Data drawn from the process itself.
Observations draw(const Shape& shape, const VectorXd& theta, int n, RandomStream& random) {
  Observations data;
  data.x = MatrixXd::NullaryExpr(n, shape.features(), [&] { return random.uniform(); });
  data.task.assign(std::size_t(n), 0);
  data.variance = VectorXd::Zero(n);
  const Kernel kernel(shape, theta);
  MatrixXd first, others;
  kernel.correlations(kernel.scaled(data.x), kernel.scaled(data.x), first, others);
  MatrixXd k(n, n);
  for (int j = 0; j < n; ++j)
    k.col(j) = kernel.covariance(data.task, 0, first.col(j), others.col(j));
  k.diagonal().array() += kernel.noise_variance(0);
  data.y =
      Eigen::LLT<MatrixXd>(k).matrixL() * VectorXd::NullaryExpr(n, [&] { return random.normal(); });
  return data;
}

TEST(FitTest, FindsTheLengthsThatTheDataWereDrawnWith) {
  const Shape shape{1, {0, 1}, {false, false}, true};
  const Prior prior = default_prior(shape);
  VectorXd theta = prior.mean;
  theta[0] = std::log(.15), theta[1] = std::log(3.0);
  RandomStream random(3);
  const Observations data = draw(shape, theta, 120, random);
  const Fit fit = fit_map(shape, prior, data, cold_starts(shape, prior, 2, random), 60);
  EXPECT_GE(fit.log_posterior, log_posterior(shape, prior, data, theta, nullptr));
  EXPECT_NEAR(fit.theta[0], theta[0], .5);
  EXPECT_GT(fit.theta[1], fit.theta[0] + 1.5);
}

TEST(FitTest, LaplaceDrawsSpreadLikeThePriorWithoutData) {
  const Shape shape{1, {0, 1}, {false, false}, true};
  const Prior prior = default_prior(shape);
  Observations one{MatrixXd::Zero(1, 2), {0}, VectorXd::Zero(1), VectorXd::Constant(1, 1e6)};
  RandomStream random(4);
  const auto draws = laplace_draws(shape, prior, one, prior.mean, 400, random);
  double variance = 0;
  for (const VectorXd& theta : draws)
    variance += std::pow((theta[0] - prior.mean[0]) / prior.deviation[0], 2) / 400;
  EXPECT_NEAR(variance, 1, .25);
}

TEST(AcquireTest, QuantilesOfTheMaximumOfOnePointAreItsOwn) {
  const std::vector<double> quantiles =
      maximum_quantiles(VectorXd::Constant(1, 2), VectorXd::Constant(1, 9));
  EXPECT_NEAR(quantiles[4], 2 - 3 * .12566, .1);  // 45 %
  EXPECT_NEAR(quantiles[9], 2 + 3 * 1.64485, .1);
}

TEST(AcquireTest, InformationGrowsWithCorrelationAndVanishesFarBelowTheMaximum) {
  Prediction p;
  p.mean = Eigen::Vector3d(0, 0, -50);
  p.variance = VectorXd::Ones(3);
  p.task_variance = {VectorXd::Constant(3, 1.01)};
  p.task_covariance = {Eigen::Vector3d(.5, .9, .9)};
  const MatrixXd bits = information(p, {.5, 1, 1.5});
  EXPECT_GT(bits(0, 0), 0);
  EXPECT_GT(bits(1, 0), bits(0, 0));
  EXPECT_NEAR(bits(2, 0), 0, 1e-12);
}

TEST(AcquireTest, ExtremeNumbersGiveFiniteInformation) {
  Prediction p;
  p.mean = Eigen::Vector3d(1e6, -1e6, 0);
  p.variance = VectorXd::Constant(3, 1e-10);
  p.task_variance = {VectorXd::Constant(3, 1e-10)};
  p.task_covariance = {VectorXd::Constant(3, 1e-10)};
  EXPECT_TRUE(information(p, maximum_quantiles(p.mean, p.variance)).allFinite());
}

}  // namespace
}  // namespace frugal::optimizer
