// Experiments as SigOpt's clients see them: of the core, and of runs ("AI experiments").
#pragma once

#include "experiment/experiment.h"
#include "serve/call.h"

namespace frugal::serve {

Json experiment_json(const experiment::Experiment& experiment, const Call& call);
Json ai_experiment_json(const experiment::Experiment& experiment, const Call& call);

// The body of a create request as an experiment. Throws InputError.
experiment::Experiment read_experiment(const Json& body, bool of_runs);
// The experiment with the changes of a PUT laid over it. Throws InputError.
experiment::Experiment changed_experiment(const experiment::Experiment& experiment,
                                          const Json& changes);

// SigOpt's metadata: up to 100 keys; texts, numbers, null. Throws InputError.
Json read_metadata(const Json& metadata);

}  // namespace frugal::serve
