// The observations that a suggester is shown: all of them up to a few thousand, then the best and
// the latest, so that memory and the time of a suggestion stay bounded. A function of the
// observations in their order, whoever adds them.
#pragma once

#include <cstdint>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

class Recent {
 public:
  // Of which so many at most are kept; when there are more, the half is.
  static constexpr std::size_t kMost = 4000;

  void add(const Observation& observation, bool maximize);
  // Others, and learned from the start.
  void replace(Recent other);
  const std::vector<Observation>& rows() const { return rows_; }
  // Another number when rows that there were have gone: else the rows have only grown.
  std::uint64_t version() const { return version_; }

 private:
  std::vector<Observation> rows_;  // by id
  std::uint64_t version_ = 0;
};

}  // namespace frugal::experiment
