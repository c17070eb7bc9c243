// What a machine must have before it takes a trial. Without this look, a node that lacks the
// photographs would fail one trial after the other, and the trials would be blamed.
#pragma once

#include "experiment/experiment.h"

namespace frugal::worker {

// Throws SystemError that names this machine and what is missing on it: the run's folder, the
// weights, the photographs; the program, its working folder.
void require_on_this_machine(const experiment::Experiment& experiment);

}  // namespace frugal::worker
