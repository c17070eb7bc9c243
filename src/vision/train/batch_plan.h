// Which photographs make up which step: a pure function of the seed, so that a run can go on at
// any step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace frugal::train {

class BatchPlan {
 public:
  // count: training photographs, two or more.
  BatchPlan(std::size_t count, std::size_t batch, std::uint64_t seed);

  // The last batch of an epoch may be smaller; one of a single photograph is left out (batch norm
  // cannot learn from it).
  std::size_t steps_per_epoch() const;
  // The steps of so many epochs, at least one.
  std::size_t steps_of(double epochs) const;
  double epochs_at(std::size_t step) const;
  std::size_t epoch_of(std::size_t step) const { return step / steps_per_epoch(); }

  // Positions in 0 .. count − 1, shuffled anew for every epoch. The last epoch's order is kept:
  // not thread-safe.
  std::vector<std::size_t> positions(std::size_t step);

 private:
  std::size_t count_, batch_;
  std::uint64_t seed_;
  std::size_t ordered_epoch_ = 0;
  std::vector<std::size_t> order_;  // of ordered_epoch_; empty at first
};

}  // namespace frugal::train
