// What a suggester needs to know of an experiment, from its rows. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "experiment/experiment.h"
#include "optimizer/suggest.h"

namespace frugal::experiment {

optimizer::Problem problem_of(const Experiment& experiment);

// Costs are measured seconds over the mean seconds of a unit of task cost. Every trial that has not
// ended is open. Two objectives are told as one, and a value outside a threshold as a failure.
optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations);

class Telling;

// The same, kept from one suggestion to the next: only what is new is copied.
class KeptHistory {
 public:
  KeptHistory();
  ~KeptHistory();

  // As it is until the next call. version: another number when the observations or the metrics are
  // others than before; else there are only more observations. The experiment must stay where it
  // is.
  const optimizer::History& of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                               const std::vector<Observation>& observations, std::uint64_t version);

 private:
  std::unique_ptr<Telling> telling_;
  optimizer::History history_;
  std::uint64_t version_ = 0;
};

}  // namespace frugal::experiment
