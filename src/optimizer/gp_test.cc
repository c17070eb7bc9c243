#include "optimizer/gp.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>

#include "base/random.h"

namespace frugal::optimizer {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Shape shape_of(int tasks) {
  return {tasks, {0, 1, 2, 2, 2}, {false, false, true}, true};
}

Observations random_observations(const Shape& shape, int n, std::uint64_t seed) {
  RandomStream random(seed);
  Observations data;
  data.x.resize(n, shape.features());
  data.y.resize(n), data.variance.resize(n);
  for (int i = 0; i < n; ++i) {
    data.x.row(i) << random.uniform(), random.uniform(), 0, 0, 0;
    data.x(i, 2 + int(random.below(3))) = std::sqrt(.5);
    data.task.push_back(i * shape.tasks / n);
    data.y[i] = std::sin(5 * data.x(i, 0)) + .3 * random.normal();
    data.variance[i] = i % 3 ? 0 : .01;
  }
  return data;
}

VectorXd random_theta(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed);
  const Prior prior = default_prior(shape);
  VectorXd theta = prior.mean;
  for (double& entry : theta) entry += .4 * random.normal();
  return theta.cwiseMax(prior.lower).cwiseMin(prior.upper);
}

// Entry by entry, straight from the formulas of the header.
MatrixXd plain_covariance(const Shape& shape, const VectorXd& theta, const Observations& data) {
  const Layout layout(shape);
  const auto n = data.size();
  MatrixXd k(n, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      double squares = 0;
      for (int f = 0; f < shape.features(); ++f)
        squares += std::pow((data.x(i, f) - data.x(j, f)) /
                                std::exp(theta[shape.feature_coordinates[std::size_t(f)]]),
                            2);
      const int s = data.task[std::size_t(i)], t = data.task[std::size_t(j)];
      k(i, j) = 2 + (s == t);
      for (int p = 0; p <= std::min(s, t); ++p) {
        const double r = std::sqrt(squares) / (p ? std::exp(theta[layout.log_kappa()]) : 1);
        const double a = p == s ? 1 : theta[layout.rho(s, p)],
                     b = p == t ? 1 : theta[layout.rho(t, p)];
        k(i, j) += a * b * std::exp(2 * theta[layout.log_scale(p)]) *
                   (1 + std::sqrt(5.) * r + 5 * r * r / 3) * std::exp(-std::sqrt(5.) * r);
      }
      if (i == j)
        k(i, j) += std::exp(2 * (theta[layout.log_noise()] +
                                 (s > 0 ? theta[layout.log_noise_ratio(s)] : 0))) +
                   1e-4 + data.variance[i];
    }
  return k;
}

class GpTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Tasks, GpTest, testing::Values(1, 2, 3, 4));

TEST_P(GpTest, LogPosteriorEqualsTheDensityFromTheFormulas) {
  const Shape shape = shape_of(GetParam());
  const Observations data = random_observations(shape, 24, 1);
  const VectorXd theta = random_theta(shape, 2);
  const Prior prior = default_prior(shape);
  const MatrixXd k = plain_covariance(shape, theta, data);
  const double expected = -.5 * data.y.dot(k.fullPivLu().solve(data.y)) -
                          .5 * std::log(k.determinant()) -
                          .5 * (theta - prior.mean).cwiseQuotient(prior.deviation).squaredNorm();
  EXPECT_NEAR(log_posterior(shape, prior, data, theta, nullptr), expected, 1e-8);
}

TEST_P(GpTest, GradientEqualsFiniteDifferences) {
  const Shape shape = shape_of(GetParam());
  const Observations data = random_observations(shape, 30, 3);
  const Prior prior = default_prior(shape);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const VectorXd theta = random_theta(shape, seed);
    VectorXd gradient;
    log_posterior(shape, prior, data, theta, &gradient);
    for (int i = 0; i < theta.size(); ++i) {
      VectorXd up = theta, down = theta;
      up[i] += 1e-5, down[i] -= 1e-5;
      const double slope = (log_posterior(shape, prior, data, up, nullptr) -
                            log_posterior(shape, prior, data, down, nullptr)) /
                           2e-5;
      EXPECT_NEAR(gradient[i], slope, 1e-5 * (1 + std::abs(slope))) << "entry " << i;
    }
  }
}

TEST_P(GpTest, KernelGivesTheSameCovarianceAsTheFormulas) {
  const Shape shape = shape_of(GetParam());
  const Observations data = random_observations(shape, 16, 5);
  const VectorXd theta = random_theta(shape, 6);
  const MatrixXd expected = plain_covariance(shape, theta, data);
  const Kernel kernel(shape, theta);
  MatrixXd of_first, of_others;
  kernel.correlations(kernel.scaled(data.x), kernel.scaled(data.x), of_first, of_others);
  for (int j = 0; j < data.size(); ++j) {
    const MatrixXd column =
        kernel.covariance(data.task, data.task[std::size_t(j)], of_first.col(j), of_others.col(j));
    for (int i = 0; i < data.size(); ++i)
      if (i != j) {
        EXPECT_NEAR(column(i, 0), expected(i, j), 1e-7);
      }
  }
}

}  // namespace
}  // namespace frugal::optimizer
