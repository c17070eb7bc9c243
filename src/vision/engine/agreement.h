// How near two engines' features are.
#pragma once

#include <cstddef>
#include <span>

namespace frugal::engine {

struct Agreement {
  double mean_cosine = 1, lowest_cosine = 1;  // of rows
  double largest_difference = 0;              // of one feature, as a share of the largest feature
};

// a, b: (n, feature_count), n > 0.
Agreement agreement(std::span<const float> a, std::span<const float> b, std::size_t feature_count);

}  // namespace frugal::engine
