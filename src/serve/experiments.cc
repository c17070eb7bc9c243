#include <fmt/format.h>

#include <algorithm>

#include "experiment/progress.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Observation;

Json observation_or_null(const std::optional<Observation>& observation,
                         const Experiment& experiment) {
  return observation ? to_json(*observation, experiment) : Json();
}

experiment::Summary summary_of(const Experiment& experiment, Call& call) {
  return summarize(experiment, call.scheduler.trials(experiment.id),
                   call.scheduler.observations(experiment.id));
}

Json experiment_json(const Experiment& experiment, Call& call) {
  const auto summary = summary_of(experiment, call);
  Json json = to_json(experiment);
  json["updated"] = json["created"];
  json["client"] = "1";
  if (json.contains("tasks"))  // dearest first, as SigOpt has them
    std::stable_sort(json["tasks"].begin(), json["tasks"].end(),
                     [](const Json& a, const Json& b) { return a["cost"] > b["cost"]; });
  json["progress"] = {{"object", "progress"},
                      {"observation_count", summary.observation_count},
                      {"observation_budget_consumed", summary.budget_consumed},
                      {"first_observation", observation_or_null(summary.first, experiment)},
                      {"last_observation", observation_or_null(summary.last, experiment)},
                      {"best_observation", observation_or_null(summary.best, experiment)}};
  return json;
}

}  // namespace

Answer create_experiment(Call& call) {
  require_known_keys(
      call.body,
      {"name", "type", "parameters", "conditionals", "linear_constraints", "metrics", "tasks",
       "observation_budget", "parallel_bandwidth", "suggester", "seed", "metadata"},
      "body");
  const auto created = call.scheduler.create(experiment::experiment_from_json(call.body, "body"));
  call.bell.ring();
  return {200, experiment_json(created, call)};
}

Answer list_experiments(Call& call) {
  auto known = paging_parameters();
  known.push_back("state");
  require_known_query(call.query, known);
  const auto state = call.query.find("state");
  const std::string wanted = state == call.query.end() ? "active" : state->second;
  if (wanted != "active" && wanted != "deleted" && wanted != "all")
    throw InputError("query: state is active, deleted or all");
  std::vector<PageRow> rows;
  for (const Experiment& experiment : call.scheduler.experiments()) {
    const bool active = experiment.state == experiment::ExperimentState::kActive;
    if (wanted != "all" && active != (wanted == "active")) continue;
    rows.push_back(
        {experiment.id, [&call, experiment] { return experiment_json(experiment, call); }});
  }
  return {200, paginate(rows, call.query)};
}

Answer get_experiment(Call& call) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  return {200, select_fields(experiment_json(experiment, call), call.query)};
}

// Read as a new experiment's: the definition as it stands, with what is changed laid over it.
Answer update_experiment(Call& call) {
  require_known_keys(
      call.body,
      {"name", "observation_budget", "parallel_bandwidth", "metadata", "state", "no_optimize"},
      "body");
  Json changes = call.body;
  changes.erase("no_optimize");
  const Experiment updated = call.scheduler.update(call.ids[0], [&](Experiment& experiment) {
    Json json = to_json(experiment);
    json.update(changes);
    const Experiment read = experiment::experiment_from_json(json, "body");
    experiment.name = read.name;
    experiment.budget = read.budget;
    experiment.parallel_bandwidth = read.parallel_bandwidth;
    experiment.metadata = read.metadata;
    experiment.state = read.state;
  });
  call.bell.ring();
  return {200, experiment_json(updated, call)};
}

Answer delete_experiment(Call& call) {
  require_known_query(call.query, {"include_runs"});
  call.scheduler.update(call.ids[0], [](Experiment& experiment) {
    experiment.state = experiment::ExperimentState::kDeleted;
  });
  call.bell.ring();
  return {200, Json::object()};
}

Answer get_best_assignments(Call& call) {
  require_known_query(call.query, paging_parameters());
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  std::vector<PageRow> rows;
  if (const auto best = summary_of(experiment, call).best) {
    rows.push_back({best->id, [best, &experiment] {
                      const Json observation = to_json(*best, experiment);
                      Json json = {{"object", "best_assignments"}};
                      for (const char* key : {"id", "assignments", "values", "metadata"})
                        json[key] = observation[key];
                      if (observation.contains("task")) json["task"] = observation["task"]["name"];
                      return json;
                    }});
  }
  return {200, paginate(rows, call.query)};
}

Answer get_stopping_criteria(Call& call) {
  require_known_query(call.query, {});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const bool stop = is_budget_reached(experiment, summary_of(experiment, call));
  Json reasons = Json::array();
  if (stop) reasons.push_back("observation_budget_reached");
  return {200, {{"object", "stopping_criteria"}, {"should_stop", stop}, {"reasons", reasons}}};
}

}  // namespace frugal::serve
