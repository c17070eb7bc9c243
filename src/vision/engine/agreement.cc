#include "vision/engine/agreement.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::engine {

Agreement agreement(std::span<const float> a, std::span<const float> b, std::size_t feature_count) {
  FRUGAL_CHECK(!a.empty() && a.size() == b.size() && a.size() % feature_count == 0);
  Agreement result;
  double sum = 0, largest = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += feature_count) {
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = begin; i < begin + feature_count; ++i) {
      ab += double{a[i]} * b[i];
      aa += double{a[i]} * a[i];
      bb += double{b[i]} * b[i];
      largest = std::max(largest, std::abs(double{a[i]}));
      result.largest_difference =
          std::max(result.largest_difference, std::abs(double{a[i]} - b[i]));
    }
    const double norms = std::sqrt(aa * bb);
    const double cosine = norms > 0 ? ab / norms : (aa == bb ? 1 : 0);
    sum += cosine;
    result.lowest_cosine = std::min(result.lowest_cosine, cosine);
  }
  const std::size_t rows = a.size() / feature_count;
  result.mean_cosine = sum / static_cast<double>(rows);
  if (largest > 0) result.largest_difference /= largest;
  return result;
}

}  // namespace frugal::engine
