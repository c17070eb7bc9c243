// What a suggester needs to know of an experiment, from its rows. Pure.
#pragma once

#include <map>
#include <vector>

#include "experiment/experiment.h"
#include "optimizer/suggest.h"

namespace frugal::experiment {

optimizer::Problem problem_of(const Experiment& experiment);

// Costs are measured seconds over the mean seconds of a unit of task cost. Every trial that has not
// ended is open. Two objectives are told as one, and a value outside a threshold as a failure.
optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations);

}  // namespace frugal::experiment
