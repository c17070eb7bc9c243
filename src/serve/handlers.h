// The handlers of the routes, one file a resource: they read a call's fields, ask the scheduler,
// and write its answer as JSON. The table that binds them to paths is in routes.cc.
#pragma once

#include "serve/call.h"

namespace frugal::serve {

// experiments.cc; ids: {experiment}
Answer create_experiment(Call& call);
Answer list_experiments(Call& call);
Answer get_experiment(Call& call);
Answer update_experiment(Call& call);
Answer delete_experiment(Call& call);
Answer get_best_assignments(Call& call);
Answer get_stopping_criteria(Call& call);
// importances.cc; ids: {experiment}
Answer get_metric_importances(Call& call);

// suggestions.cc; ids: {experiment, suggestion}
Answer create_suggestion(Call& call);
Answer list_suggestions(Call& call);
Answer get_suggestion(Call& call);
Answer queue_suggestion(Call& call);
Answer list_queued_suggestions(Call& call);
Answer get_queued_suggestion(Call& call);

// observations.cc; ids: {experiment, observation}
Answer create_observation(Call& call);
Answer create_observations(Call& call);
Answer list_observations(Call& call);
Answer get_observation(Call& call);

// leases.cc: the workers' protocol; ids: {experiment} or none
Answer create_lease(Call& call);
// trials.cc: reports under a lease; ids: {trial}
Answer get_trial(Call& call);
Answer report_heartbeat(Call& call);
Answer report_on_the_way(Call& call);
Answer report_observation(Call& call);
Answer report_failure(Call& call);
Answer report_release(Call& call);

// session.cc; no ids
Answer get_health(Call& call);
Answer get_own_token(Call& call);

}  // namespace frugal::serve
