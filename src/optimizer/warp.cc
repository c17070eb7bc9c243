#include "optimizer/warp.h"

#include <algorithm>
#include <cmath>

namespace frugal::optimizer {
namespace {
// Keeps differences finite whatever an experiment reports.
double bounded(double value) {
  return std::clamp(value, -1e150, 1e150);
}
}  // namespace

Warp::Warp(std::vector<double> values) {
  if (values.empty()) return;
  for (double& value : values) value = bounded(value);
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  median_ = values[(n - 1) / 2] / 2 + values[n / 2] / 2;
  double sum = 0, count = 0;
  for (double value : values)
    if (value > median_) sum += value - median_, ++count;
  double scale = count > 0 ? 1.25 * sum / count : 0;
  if (scale == 0) scale = median_ - values.front();  // nothing above the median
  if (scale > 0 && std::isfinite(1 / scale)) inverse_scale_ = 1 / scale;
}

double Warp::operator()(double value) const {
  const double u = (bounded(value) - median_) * inverse_scale_;
  return u < 0 ? -std::log1p(-u) : u;
}

double Warp::inverse(double warped) const {
  if (inverse_scale_ == 0) return median_;
  return median_ + (warped < 0 ? -std::expm1(-warped) : warped) / inverse_scale_;
}

double Warp::slope(double value) const {
  const double u = (bounded(value) - median_) * inverse_scale_;
  return u < 0 ? inverse_scale_ / (1 - u) : inverse_scale_;
}

}  // namespace frugal::optimizer
