// The law that learning curves follow: error(n) = c + a n^−b, with n training photographs (Hestness
// et al. 2017, arXiv:1712.00409; Rosenfeld et al. 2020, arXiv:1909.12673). c is the error that no
// number of photographs takes away.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random.h"
#include "report/statistics.h"

namespace frugal::report {

struct PowerLaw {
  double a = 0, b = 0, c = 0;
  double error(double n) const;
};

struct SizedError {
  double n = 0;
  double error = 0;
};

// Least squares of the errors themselves, with 0 ≤ c below the smallest error and 0 ≤ b ≤ 2. Three
// points of different n at least.
PowerLaw fit_power_law(const std::vector<SizedError>& points);

// One size of a learning curve.
struct SizedJudgement {
  std::size_t photographs = 0;
  Correctness correct;  // of models on so many, all on the same test photographs
};

struct LawBand {
  PowerLaw law;                      // of the accuracies as they are
  std::vector<double> at;            // numbers of photographs
  std::vector<Interval> accuracies;  // of the law there
  std::vector<Interval> gains;       // of accuracy(at) − accuracy(the largest size that was run)
};
// The law fitted anew to resampled test photographs (the same ones for every size) and draws of the
// training photographs; percentiles.
LawBand law_band(const std::vector<SizedJudgement>& curve, const std::vector<double>& at,
                 RandomStream random, std::size_t replicates = 400);

}  // namespace frugal::report
