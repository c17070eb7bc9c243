// How the full task's metric depends on one or two parameters, in the metric's own units.
//
//   partial dependence (Friedman 2001, sec. 8.2): the mean over the other parameters, by their
//     priors; under linear constraints over those of them with which the value at hand is
//     feasible; of a parameter that conditionals make inactive, where it is active.
//   slice: the others as in the best assignments that were evaluated.
//
// The interval of each point is that of the draws of the process (surrogate.h): of the function,
// without noise, point by point, not of the curve as a whole. The mean is taken after unwarping, so
// diverging regions count as the metric counts them, but none as worse than the worst value seen.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "optimizer/interval.h"
#include "optimizer/space.h"

namespace frugal::optimizer {

class Surrogate;

struct DependencePoint {
  std::vector<Value> at;  // one for each parameter
  Interval metric;
  bool operator==(const DependencePoint&) const = default;
};

struct Dependence {
  std::vector<std::string> parameters;  // one or two
  // In the order of the grid, the last parameter running fastest. Infeasible values, and values
  // that are never active, are left out.
  std::vector<DependencePoint> points;
  bool operator==(const Dependence&) const = default;
};

struct DependenceOptions {
  std::size_t grid = 16;        // values of a parameter, all if it has no more than that
  std::size_t background = 32;  // points that a mean is taken over
};

// names: one or two parameters or conditionals, distinct. grid^names × background evaluations.
// Throw InputError for other names, or when the surrogate lacks something.
Dependence partial_dependence(const Surrogate& surrogate, const std::vector<std::string>& names,
                              const DependenceOptions& options = {});
Dependence slice(const Surrogate& surrogate, const std::vector<std::string>& names,
                 const DependenceOptions& options = {});

}  // namespace frugal::optimizer
