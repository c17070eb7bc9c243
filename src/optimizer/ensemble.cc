#include "optimizer/ensemble.h"

#include <cmath>

#include "optimizer/fit.h"

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr int kColdDraws = 2, kColdEvaluations = 50, kWarmEvaluations = 12;
constexpr int kSuccessEvaluations = 30;
constexpr Index kLaplaceLimit = 60;  // hyperparameters; a Hessian of more is not worth its price

// The hyperparameters of each member, the mode first.
std::vector<VectorXd> member_thetas(const EnsembleFit& fit, const Ensemble& ensemble) {
  const VectorXd& mode = ensemble.theta;
  std::vector<VectorXd> thetas = {mode};
  if (fit.options.short_lengths > 0) {
    thetas.push_back(mode);
    thetas.back().head(fit.shape.coordinates()).array() -= fit.options.short_lengths;
  }
  if (fit.options.least_discrepancy && fit.shape.tasks > 1) {
    thetas.push_back(mode);
    const Layout layout(fit.shape);
    for (int p = 1; p < fit.shape.tasks; ++p) {
      const int scale = layout.log_scale(p);
      thetas.back()[scale] =
          std::max(mode[scale], fit.prior.mean[scale] + *fit.options.least_discrepancy);
    }
  }
  for (const VectorXd& offset : ensemble.offsets)
    thetas.push_back((mode + offset).cwiseMax(fit.prior.lower).cwiseMin(fit.prior.upper));
  return thetas;
}

}  // namespace

Ensemble EnsembleFit::run() const {
  Ensemble result{{}, theta, offsets, {}};
  for (const Step& step : steps) {
    RandomStream random = RandomStream(seed).derive("fit").derive(step.point.size);
    const bool is_cold = step.point.is_cold();
    const std::vector<VectorXd> starts = is_cold ? cold_starts(shape, prior, kColdDraws, random)
                                                 : std::vector<VectorXd>{result.theta};
    const int evaluations = is_cold ? kColdEvaluations : kWarmEvaluations;
    result.theta = fit_map(shape, prior, step.data, starts, evaluations).theta;
    result.point = step.point;
    if (!is_cold || options.draws == 0 || result.theta.size() > kLaplaceLimit) continue;
    result.offsets.clear();
    for (const VectorXd& draw :
         laplace_draws(shape, prior, step.data, result.theta, options.draws, random))
      result.offsets.push_back(draw - result.theta);
  }
  for (const VectorXd& member : member_thetas(*this, result))
    result.members.push_back(std::make_unique<Posterior>(shape, member, all, inducing));
  return result;
}

VectorXd SuccessFit::run() const {
  Prior prior = default_prior(shape);
  const Layout layout(shape);
  prior.mean[layout.log_noise()] = std::log(.2);
  prior.lower[layout.log_noise()] = std::log(.1);
  return fit_map(shape, prior, data, {prior.mean}, kSuccessEvaluations).theta;
}

void BeliefFit::run() {
  if (ensemble_fit) ensemble = ensemble_fit->run();
  if (success_fit) success_theta = success_fit->run();
}

}  // namespace frugal::optimizer
