// The observations that a suggester is shown: all of them up to a few thousand, then the best and
// the latest, so that memory and the time of a suggestion stay bounded. A function of the
// observations in their order, whoever adds them.
#pragma once

#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

class Recent {
 public:
  // Of which so many at most are kept; when there are more, the half is.
  static constexpr std::size_t kMost = 4000;

  void add(const Observation& observation, bool maximize);
  const std::vector<Observation>& rows() const { return rows_; }

 private:
  std::vector<Observation> rows_;  // by id
};

}  // namespace frugal::experiment
