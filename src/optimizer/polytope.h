// A polytope {x in [0, 1]^d : A x <= b}: an inner point and steps that never leave it.
#pragma once

#include <optional>
#include <vector>

namespace frugal::optimizer {

struct HalfSpace {
  std::vector<double> normal;  // d
  double bound = 0;            // normal · x <= bound
};

// The point of the unit cube with the largest distance to the nearest half-space and face (the
// Chebyshev centre), by the simplex method with Bland's rule. nullopt when there is none.
std::optional<std::vector<double>> inner_point(const std::vector<HalfSpace>& half_spaces,
                                               std::size_t dimension);

struct Segment {
  double low = 0, high = 0;
};

// The steps t for which x + t · direction stays inside; x must be inside (else [0, 0]).
Segment feasible_steps(const std::vector<HalfSpace>& half_spaces, const std::vector<double>& x,
                       const std::vector<double>& direction);

bool is_inside(const std::vector<HalfSpace>& half_spaces, const std::vector<double>& x);

}  // namespace frugal::optimizer
