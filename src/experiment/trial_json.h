// Trials read back from their JSON form (to_json in experiment.h): the workers' end.
#pragma once

#include <string_view>

#include "experiment/experiment.h"

namespace frugal::experiment {

// All that a worker needs: id, suggestion, purpose, metadata, state, fence, worker, attempts,
// checkpoint. Throws InputError that names where and the key.
Trial trial_from_json(const Json& json, const Experiment& experiment, std::string_view where);

// A text of digits. Throws InputError.
Id id_from_json(const Json& json, std::string_view where);

}  // namespace frugal::experiment
