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
// insights.cc; ids: {experiment}
Answer get_best_assignments(Call& call);
Answer get_best_training_runs(Call& call);
Answer get_stopping_criteria(Call& call);
// importances.cc; ids: {experiment}
Answer get_metric_importances(Call& call);
Answer get_insight(Call& call);

// suggestions.cc; ids: {experiment, suggestion}
Answer create_suggestion(Call& call);
Answer list_suggestions(Call& call);
Answer get_suggestion(Call& call);
Answer update_suggestion(Call& call);
Answer delete_suggestion(Call& call);
Answer delete_suggestions(Call& call);
Answer queue_suggestion(Call& call);
Answer list_queued_suggestions(Call& call);
Answer get_queued_suggestion(Call& call);
Answer delete_queued_suggestion(Call& call);

// observations.cc; ids: {experiment, observation}
Answer create_observation(Call& call);
Answer create_observations(Call& call);
Answer list_observations(Call& call);
Answer get_observation(Call& call);
Answer update_observation(Call& call);
Answer delete_observation(Call& call);
Answer delete_observations(Call& call);

// leases.cc: the workers' protocol; ids: {experiment} or none
Answer create_lease(Call& call);
// trial_list.cc; ids: {experiment}; {trial}
Answer list_trials(Call& call);
Answer stop_trial(Call& call);
// samples.cc; ids: {experiment, trial}
Answer get_augmented_samples(Call& call);
// overview.cc, events.cc: for those who watch
Answer get_overview(Call& call);
Answer get_events(Call& call);
// trials.cc: reports under a lease; ids: {trial}
Answer get_trial(Call& call);
Answer report_heartbeat(Call& call);
Answer report_on_the_way(Call& call);
Answer report_observation(Call& call);
Answer report_failure(Call& call);
Answer report_release(Call& call);

// lending.cc: a run's files for workers elsewhere; name: a SHA-256, or a file's; ids: {trial}
Answer list_inputs(Call& call);
Answer get_blob(Call& call);
Answer get_blobs(Call& call);
Answer get_run_file(Call& call);
Answer keep_run_file(Call& call);  // its body: bytes

// projects.cc; name: the project's id
Answer create_project(Call& call);
Answer list_projects(Call& call);
Answer get_project(Call& call);
Answer update_project(Call& call);

// training_runs.cc; ids: {run, checkpoint}, or {experiment}
Answer create_training_run(Call& call);    // of a project
Answer create_training_runs(Call& call);   // a batch, of a project
Answer create_experiment_run(Call& call);  // of an experiment of runs
Answer list_training_runs(Call& call);     // of a project
Answer get_training_run(Call& call);
Answer replace_training_run(Call& call);  // PUT
Answer merge_training_run(Call& call);    // MERGE
Answer delete_training_run(Call& call);
Answer create_checkpoint(Call& call);
Answer list_checkpoints(Call& call);
Answer get_checkpoint(Call& call);
// run_files.cc; ids: {run, file}
Answer create_file(Call& call);
Answer list_files(Call& call);
Answer get_file(Call& call);
Answer keep_file_content(Call& call);  // its body: bytes
Answer get_file_content(Call& call);

// session.cc
Answer get_health(Call& call);
Answer get_figures(Call& call);
Answer get_session(Call& call);
Answer begin_session(Call& call);
Answer end_session(Call& call);
Answer get_own_token(Call& call);
Answer get_client(Call& call);
Answer get_organization(Call& call);
Answer create_guest_token(Call& call);  // ids: {experiment}
Answer create_token(Call& call);
Answer list_tokens(Call& call);
Answer revoke_token(Call& call);  // ids: {token}

}  // namespace frugal::serve
