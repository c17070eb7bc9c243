#include "optimizer/fit.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "optimizer/lbfgs.h"

namespace frugal::optimizer {

using Eigen::MatrixXd;
using Eigen::VectorXd;

Fit fit_map(const Shape& shape, const Prior& prior, const Observations& observations,
            const std::vector<VectorXd>& starts, int max_evaluations) {
  const Objective objective = [&](const VectorXd& theta, VectorXd& gradient) {
    const double value = -log_posterior(shape, prior, observations, theta, &gradient);
    gradient = -gradient;
    return value;
  };
  LbfgsOptions options;
  options.gradient_tolerance = 1e-2;
  options.value_tolerance = 1e-5;
  const auto climb = [&](const VectorXd& start, int evaluations) {
    options.max_evaluations = evaluations;
    const LbfgsSummary summary = minimize(objective, start, prior.lower, prior.upper, options);
    return Fit{summary.x, -summary.value};
  };
  const auto better = [](const Fit& a, const Fit& b) { return a.log_posterior > b.log_posterior; };
  std::vector<Fit> fits;
  for (const VectorXd& start : starts)
    fits.push_back(climb(start, starts.size() > 2 ? max_evaluations / 4 : max_evaluations));
  std::stable_sort(fits.begin(), fits.end(), better);
  if (starts.size() > 2)
    for (std::size_t i = 0; i < 2; ++i) fits[i] = climb(fits[i].theta, max_evaluations);
  return *std::min_element(fits.begin(), fits.end(), better);
}

std::vector<VectorXd> cold_starts(const Shape& shape, const Prior& prior, int draws,
                                  RandomStream& random) {
  std::vector<VectorXd> starts(3, prior.mean);
  starts[1].head(shape.coordinates()).array() += std::log(.4);
  starts[2].head(shape.coordinates()).array() += std::log(2.5);
  for (int i = 0; i < draws; ++i) {
    VectorXd start = prior.mean;
    for (Eigen::Index j = 0; j < start.size(); ++j)
      start[j] += prior.deviation[j] * random.normal();
    starts.push_back(start);
  }
  return starts;
}

std::vector<VectorXd> laplace_draws(const Shape& shape, const Prior& prior,
                                    const Observations& observations, const VectorXd& theta,
                                    int count, RandomStream& random) {
  const Eigen::Index size = theta.size();
  VectorXd gradient, moved_gradient;
  const double at_mode = log_posterior(shape, prior, observations, theta, &gradient);
  // In units of the prior's deviation, in which the prior's precision is the identity.
  MatrixXd hessian(size, size);
  for (Eigen::Index j = 0; j < size; ++j) {
    VectorXd moved = theta;
    const double step = 1e-3 * prior.deviation[j];
    moved[j] += step;
    log_posterior(shape, prior, observations, moved, &moved_gradient);
    hessian.col(j) = -prior.deviation.cwiseProduct(moved_gradient - gradient) / 1e-3;
  }
  hessian = .5 * (hessian + hessian.transpose()).eval();
  if (!hessian.allFinite()) hessian.setIdentity();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(hessian);
  const VectorXd deviations = eigen.eigenvalues().cwiseMax(.5).cwiseSqrt().cwiseInverse();
  std::vector<VectorXd> draws;
  for (int i = 0; i < count; ++i) {
    VectorXd z(size);
    for (double& entry : z) entry = random.normal();
    VectorXd step = prior.deviation.cwiseProduct(eigen.eigenvectors() * deviations.cwiseProduct(z));
    VectorXd draw = (theta + step).cwiseMax(prior.lower).cwiseMin(prior.upper);
    for (int halving = 0; halving < 4; ++halving) {
      const double value = log_posterior(shape, prior, observations, draw, nullptr);
      if (value > at_mode - 4 - .5 * double(size)) break;
      step *= .5;
      draw = (theta + step).cwiseMax(prior.lower).cwiseMin(prior.upper);
    }
    draws.push_back(draw);
  }
  return draws;
}

}  // namespace frugal::optimizer
