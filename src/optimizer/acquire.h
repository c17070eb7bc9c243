// Which trial tells most about the maximum of the full task for its money: max-value entropy search
// (Wang & Jegelka 2017) in its multi-fidelity form (Takeno et al. 2020),
//
//   a(x, t) = P_success(x) / cost(x, t) · mean over f* of −½ log(1 − ρ² h (γ + h))
//   γ = (f* − μ_full) / σ_full,  h = φ(γ) / Φ(γ),  ρ = corr(y_t(x), f_full(x))
//
// with f* the quantiles of the maximum (its distribution by the product of marginals).
#pragma once

#include <Eigen/Core>
#include <vector>

#include "optimizer/posterior.h"

namespace frugal::optimizer {

// The 5 %, 15 %, ... 95 % quantiles of the maximum over points with these marginals.
std::vector<double> maximum_quantiles(const Eigen::VectorXd& mean, const Eigen::VectorXd& variance);

// (c, tasks): the information that observing each task asked for gives about the maximum, in nats.
Eigen::MatrixXd information(const Prediction& prediction, const std::vector<double>& maxima);

}  // namespace frugal::optimizer
