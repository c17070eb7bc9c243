// L-BFGS (Nocedal & Wright 2006, algorithms 7.4 and 7.5) for smooth functions of many variables
// in single precision, with a backtracking line search. Pairs without positive curvature are left
// out of the memory.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>

namespace frugal::train {

struct LbfgsOptions {
  std::size_t memory = 10;
  std::size_t iterations = 200;
  double gradient_tolerance = 1e-5;  // of the largest component
  double decrease_tolerance = 1e-7;  // of the value, relative, in one iteration
};

struct LbfgsSummary {
  double value = 0;
  std::size_t iterations = 0;
  bool converged = false;  // else the iterations were used up
};

// Fills in the gradient and returns the value.
using Objective = std::function<double(const Eigen::VectorXf& x, Eigen::VectorXf& gradient)>;

// x: the start, and then the minimum. Throws NumericalError when the value at the start is not
// finite.
LbfgsSummary minimize(const Objective& objective, Eigen::VectorXf& x,
                      const LbfgsOptions& options = {});

}  // namespace frugal::train
