// What suggestions and observations have in common: an experiment that is active, a point of it,
// values of its metrics.
#pragma once

#include "serve/call.h"
#include "serve/fields.h"

namespace frugal::serve {

// The one in the path. Throws InputError when it was deleted, Refusal 403 when it is one of runs.
experiment::Experiment active_experiment(const Call& call);

// The trial behind a suggestion of that experiment. Throws NotFound.
experiment::Trial suggestion_of(const Call& call, const experiment::Experiment& experiment,
                                experiment::Id id);

// `assignments` and `task` (a name or an object), which is needed where there are tasks unless
// task_is_optional: then it is the full one.
optimizer::Suggestion read_point(const Fields& fields, const experiment::Experiment& experiment,
                                 bool task_is_optional = false);

// `values` (of every metric) or the older `value`, or `failed`.
void read_values(const Fields& fields, const experiment::Experiment& experiment,
                 experiment::Observation& observation);

}  // namespace frugal::serve
