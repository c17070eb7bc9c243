// Minimization inside a box by projected L-BFGS (Nocedal & Wright 2006, alg. 7.4 and 7.5; bounds
// by projection, Bertsekas 1982). Deterministic; needs no second derivatives.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace frugal::optimizer {

// Returns the value at x and writes its gradient; a value that is not finite is a wall.
using Objective = std::function<double(const Eigen::VectorXd& x, Eigen::VectorXd& gradient)>;

struct LbfgsOptions {
  int max_evaluations = 60;
  int memory = 10;
  double gradient_tolerance = 1e-4;  // largest entry of the projected gradient
  double value_tolerance = 1e-6;     // decrease of a step, relative to 1 + |value|
};

struct LbfgsSummary {
  Eigen::VectorXd x;
  double value = 0;
  int evaluations = 0;
  bool is_converged = false;
};

// start is projected into [lower, upper]. Never worse than the start.
LbfgsSummary minimize(const Objective& objective, const Eigen::VectorXd& start,
                      const Eigen::VectorXd& lower, const Eigen::VectorXd& upper,
                      const LbfgsOptions& options);

}  // namespace frugal::optimizer
