// Intervals of quantities that are no accuracies: means, shares of losses, ratios. All of 95 %, by
// resampling photographs. Pure functions, thread-safe; as statistics.h.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/random.h"
#include "report/statistics.h"

namespace frugal::report {

// The middle 95 % of values; not empty.
Interval percentile_interval(std::vector<double> values);

struct Measured {
  double value = 0;
  Interval interval;
};

// Of the mean of values over photographs. Not empty; of one value the interval is [value, value].
Measured mean_estimate(const std::vector<double>& values, RandomStream random);

// loss of accuracy on `first` as a share of the losses on both, against `whole`: all judged on the
// same photographs. A loss below 0 counts as none. nullopt when the two together are not
// distinguishable from none.
std::optional<Measured> share_of_losses(const std::vector<bool>& whole,
                                        const std::vector<bool>& first,
                                        const std::vector<bool>& second, RandomStream random);

// accuracy(above) / accuracy(below) on the same photographs, over seeds too. nullopt when below has
// no right answer in many a resample.
std::optional<Measured> accuracy_ratio(const Correctness& above, const Correctness& below,
                                       RandomStream random);

// Of the mean over seeds of values, by Student's t. Two values at least.
Measured seeds_mean(const std::vector<double>& values);

}  // namespace frugal::report
