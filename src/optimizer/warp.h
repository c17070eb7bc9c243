// The output warp: u = (y − median) / (1.25 · mean upper deviation), and below the median
// −log(1 − u), so that diverged and chance-level runs do not flatten everything.
#pragma once

#include <vector>

namespace frugal::optimizer {

class Warp {
 public:
  // values: finite, the larger the better. None, or all equal: everything maps to 0.
  explicit Warp(std::vector<double> values);
  double operator()(double value) const;
  double inverse(double warped) const;  // the median when everything maps to 0
  // The derivative at value: what carries a standard error over.
  double slope(double value) const;

 private:
  double median_ = 0, inverse_scale_ = 0;
};

}  // namespace frugal::optimizer
