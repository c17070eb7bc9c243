// What a training run may hold, and how a change is laid over it.
#pragma once

#include "base/json.h"

namespace frugal::experiment {

// Throws InputError that names the field: unknown, or of the wrong type.
void check_run_fields(const Json& fields);
// body: of a run. merge: objects key by key, null removes a key; else they are replaced.
void apply_run_fields(Json& body, const Json& fields, bool merge);
// A run without any.
Json empty_run();

// {name: {value, value_stddev}} of a list [{name, value, value_stddev}], or as it is. Throws
// InputError.
void check_run_values(const Json& values, std::string_view where);

}  // namespace frugal::experiment
