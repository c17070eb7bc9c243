#include "report/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace frugal::report {
namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr std::size_t kFewestPairs = 4;

// From 0 on; equal values share their mean.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i)
      ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

Interval closed_form(double r, std::size_t pairs) {
  const auto n = static_cast<double>(pairs);
  const double limit = 1 - 6 / (n * (n * n - 1));
  r = std::clamp(r, -limit, limit);
  const double margin = kNormal975 * std::sqrt((1 + r * r / 2) / (n - 3));
  return {std::tanh(std::atanh(r) - margin), std::tanh(std::atanh(r) + margin)};
}

}  // namespace

std::optional<double> spearman(const std::vector<double>& x, const std::vector<double>& y) {
  FRUGAL_CHECK(x.size() == y.size());
  const std::vector<double> a = ranks_of(x), b = ranks_of(y);
  const double mean = (static_cast<double>(x.size()) - 1) / 2;
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
    ab += (a[i] - mean) * (b[i] - mean);
  }
  if (aa == 0 || bb == 0) return std::nullopt;
  return std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0);
}

std::optional<Interval> spearman_interval(const std::vector<double>& x,
                                          const std::vector<double>& y, RandomStream random,
                                          std::size_t replicates) {
  const std::optional<double> r = spearman(x, y);
  if (!r || x.size() < kFewestPairs) return std::nullopt;
  std::vector<double> drawn;
  std::vector<double> a(x.size()), b(x.size());
  for (std::size_t replicate = 0; replicate < replicates; ++replicate) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t pick = random.below(x.size());
      a[i] = x[pick];
      b[i] = y[pick];
    }
    if (const auto one = spearman(a, b)) drawn.push_back(*one);
  }
  Interval interval = closed_form(*r, x.size());
  if (drawn.empty()) return interval;
  std::sort(drawn.begin(), drawn.end());
  const auto at = [&](double share) {
    return drawn[static_cast<std::size_t>(share * static_cast<double>(drawn.size() - 1))];
  };
  return Interval{std::min(interval.low, at(0.025)), std::max(interval.high, at(0.975))};
}

}  // namespace frugal::report
