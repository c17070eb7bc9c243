#include "experiment/recent.h"

#include <algorithm>
#include <numeric>

namespace frugal::experiment {
namespace {

constexpr std::size_t kKept = Recent::kMost / 2, kBest = kKept / 4;

}  // namespace

void Recent::add(const Observation& observation, bool maximize) {
  rows_.push_back(observation);
  if (rows_.size() <= kMost) return;

  // The best among the older ones, beside the latest.
  const std::size_t older = rows_.size() - (kKept - kBest);
  std::vector<std::size_t> order(older);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto better = [&](std::size_t a, std::size_t b) {
    const auto& left = rows_[a].value;
    const auto& right = rows_[b].value;
    if (left.has_value() != right.has_value()) return left.has_value();
    if (!left || *left == *right) return a > b;
    return maximize ? *left > *right : *left < *right;
  };
  std::partial_sort(order.begin(), order.begin() + kBest, order.end(), better);
  order.resize(kBest);
  std::sort(order.begin(), order.end());
  std::vector<Observation> kept;
  kept.reserve(kMost + 1);
  for (const std::size_t row : order) kept.push_back(std::move(rows_[row]));
  for (std::size_t row = older; row < rows_.size(); ++row) kept.push_back(std::move(rows_[row]));
  rows_ = std::move(kept);
  ++version_;
}

void Recent::replace(Recent other) {
  rows_ = std::move(other.rows_);
  ++version_;
}

}  // namespace frugal::experiment
