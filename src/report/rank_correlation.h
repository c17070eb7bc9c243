// Whether what is best by one measure is best by another: Spearman's rank correlation, with an
// interval of 95 %. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/random.h"
#include "report/statistics.h"

namespace frugal::report {

// Pearson's correlation of the ranks, equal values sharing their mean rank. Spearman (1904),
// American Journal of Psychology 15(1). nullopt: fewer than two pairs, or one side all equal.
std::optional<double> spearman(const std::vector<double>& x, const std::vector<double>& y);

// The hull of two intervals: percentiles of a bootstrap over pairs (Efron & Tibshirani 1993, ch.
// 13), which is of width zero where the order is the same throughout; and Fisher's z with the
// variance (1 + r²/2) / (n − 3) of Bonett & Wright (2000), Psychometrika 65(1), r being held half a
// step of what n pairs can tell apart away from ±1. nullopt: fewer than four pairs, or no r.
// replicates × n log n steps. Equal streams give equal intervals.
std::optional<Interval> spearman_interval(const std::vector<double>& x,
                                          const std::vector<double>& y, RandomStream random,
                                          std::size_t replicates = kReplicates);

}  // namespace frugal::report
