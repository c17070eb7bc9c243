#include "vision/train/batch_plan.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::train {

BatchPlan::BatchPlan(std::size_t count, std::size_t batch, std::uint64_t seed)
    : count_(count), batch_(batch), seed_(seed) {
  FRUGAL_CHECK(count >= 2 && batch >= 2);
}

std::size_t BatchPlan::steps_per_epoch() const {
  const std::size_t rest = count_ % batch_;
  return count_ / batch_ + (rest > 1 ? 1 : 0);
}

std::size_t BatchPlan::steps_of(double epochs) const {
  const double steps = std::round(epochs * static_cast<double>(steps_per_epoch()));
  return std::max<std::size_t>(1, static_cast<std::size_t>(steps));
}

double BatchPlan::epochs_at(std::size_t step) const {
  return static_cast<double>(step) / static_cast<double>(steps_per_epoch());
}

std::vector<std::size_t> BatchPlan::positions(std::size_t step) {
  const std::size_t epoch = epoch_of(step);
  if (order_.empty() || epoch != ordered_epoch_) {
    order_ = RandomStream(seed_).derive("order").derive(epoch).permutation(count_);
    ordered_epoch_ = epoch;
  }
  const std::size_t begin = step % steps_per_epoch() * batch_;
  const std::size_t end = std::min(begin + batch_, count_);
  return {order_.begin() + static_cast<std::ptrdiff_t>(begin),
          order_.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace frugal::train
