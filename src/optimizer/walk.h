// A random walk inside a polytope, for constraints so narrow that hardly a draw from the cube
// satisfies them: steps uniform along a coordinate, along the sum or the difference of two, and now
// and then along a random direction (hit and run: Smith 1984). Coordinate steps alone would be
// stuck between two constraints that are nearly parallel.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random.h"
#include "optimizer/polytope.h"

namespace frugal::optimizer {

struct WalkAxis {
  std::size_t levels = 0;  // distinct values, evenly from 0 to 1; 0: a continuum
  double range = 1;        // of the parameter, in its own units: steps along two are equal in these
};

// x: inside the polytope and on the levels of the axes, before and after. 20 (d + 1) steps; one
// costs O(half-spaces), a random direction d times that.
void walk(const std::vector<HalfSpace>& half_spaces, const std::vector<WalkAxis>& axes,
          std::vector<double>& x, RandomStream& random);

}  // namespace frugal::optimizer
