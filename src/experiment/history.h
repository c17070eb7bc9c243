// What a suggester needs to know of an experiment, from its rows. Pure.
#pragma once

#include <map>
#include <vector>

#include "experiment/experiment.h"
#include "experiment/recent.h"
#include "optimizer/suggest.h"

namespace frugal::experiment {

optimizer::Problem problem_of(const Experiment& experiment);

// Costs are measured seconds over the mean seconds of a unit of task cost. Every trial that has not
// ended is open. Two objectives are told as one, and a value outside a threshold as a failure.
optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations);

// The same of what is recent, kept from one suggestion to the next: only what is new is copied.
class KeptHistory {
 public:
  // As it is until the next call. Always of the same Recent.
  const optimizer::History& of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                               const Recent& recent);

 private:
  optimizer::History history_;
  std::uint64_t version_ = 0;  // of Recent
};

}  // namespace frugal::experiment
