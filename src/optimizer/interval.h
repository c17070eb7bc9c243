// A number with its 95 % interval, and the quantiles that make one.
#pragma once

#include <vector>

namespace frugal::optimizer {

struct Interval {
  double value = 0, low = 0, high = 0;  // low <= value <= high
  bool operator==(const Interval&) const = default;
};

// The value with the 2.5 % and 97.5 % quantiles of the draws (at least one), widened to hold it.
Interval interval_of(double value, std::vector<double> draws);

// The mean of the draws with their quantiles.
Interval interval_of(std::vector<double> draws);

}  // namespace frugal::optimizer
