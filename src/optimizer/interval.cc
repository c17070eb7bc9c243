#include "optimizer/interval.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace frugal::optimizer {
namespace {

// Linear between order statistics; sorted: at least one.
double quantile(const std::vector<double>& sorted, double probability) {
  const double place = probability * double(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - double(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Interval interval_of(double value, std::vector<double> draws) {
  FRUGAL_CHECK(!draws.empty());
  std::sort(draws.begin(), draws.end());
  return {value, std::min(value, quantile(draws, .025)), std::max(value, quantile(draws, .975))};
}

Interval interval_of(std::vector<double> draws) {
  const double mean = std::accumulate(draws.begin(), draws.end(), 0.0) / double(draws.size());
  return interval_of(mean, std::move(draws));
}

}  // namespace frugal::optimizer
