// Sobol points (direction numbers of Joe & Kuo 2008) with nested uniform scrambling (Owen 1995)
// by hashing (Burley 2020, "Practical hash-based Owen scrambling", sec. 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::optimizer {

// Point number index (0, 1, ...) of the sequence that seed scrambles: dimension numbers in
// [0, 1). Coordinates beyond the tables' 3,667 are hashed, not quasi-random. O(dimension).
std::vector<double> scrambled_sobol(std::uint64_t index, std::size_t dimension, std::uint64_t seed);

}  // namespace frugal::optimizer
