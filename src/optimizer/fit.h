// Hyperparameters of the process: the maximum a posteriori, and draws around it.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "base/random.h"
#include "optimizer/gp.h"

namespace frugal::optimizer {

struct Fit {
  Eigen::VectorXd theta;
  double log_posterior = 0;
};

// The best maximum that L-BFGS finds from the starts: a quarter of max_evaluations from each, all
// of them from the best two. observations must be sorted by task.
Fit fit_map(const Shape& shape, const Prior& prior, const Observations& observations,
            const std::vector<Eigen::VectorXd>& starts, int max_evaluations);

// The prior mean, with short lengths, with long ones, and as many draws from the prior as asked.
std::vector<Eigen::VectorXd> cold_starts(const Shape& shape, const Prior& prior, int draws,
                                         RandomStream& random);

// count draws from the Laplace approximation at theta (MacKay 2003, ch. 27), the Hessian by
// differences of gradients, bounded from below by half of the prior's precision; theta's size + 1
// gradients. A draw whose log posterior is more than 4 + size/2 below the mode's is halved
// towards it.
std::vector<Eigen::VectorXd> laplace_draws(const Shape& shape, const Prior& prior,
                                           const Observations& observations,
                                           const Eigen::VectorXd& theta, int count,
                                           RandomStream& random);

}  // namespace frugal::optimizer
