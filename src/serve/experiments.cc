#include <fmt/format.h>

#include "serve/experiment_json.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;

// /aiexperiments/... has its own shape; ids[0] must be one of runs.
bool is_of_runs(const Call& call) {
  return call.of_runs;
}

Json json_of(const Experiment& experiment, const Call& call) {
  return experiment.of_runs ? ai_experiment_json(experiment, call)
                            : experiment_json(experiment, call);
}

Experiment experiment_of(const Call& call) {
  Experiment experiment = call.scheduler.experiment(call.ids[0]);
  if (is_of_runs(call) && !experiment.of_runs)
    throw experiment::NotFound(
        fmt::format("experiment {} is not one of runs; ask /v1/experiments", experiment.id));
  return experiment;
}

}  // namespace

Answer create_experiment(Call& call) {
  Experiment made = read_experiment(call.body, is_of_runs(call));
  if (!call.name.empty()) made.project = call.name;
  if (!made.project.empty()) call.services.runs.project(made.project);
  const auto created = call.scheduler.create(std::move(made), call.also());
  call.services.ring();
  return {200, json_of(created, call)};
}

Answer list_experiments(Call& call) {
  require_known_query(call.query,
                      paging_parameters({"state", "search", "sort", "user", "period_start",
                                         "period_end", "development", "include_ai"}));
  const auto text = [&](const char* key, const char* fallback) {
    const auto found = call.query.find(key);
    return found == call.query.end() ? std::string(fallback) : found->second;
  };
  const std::string wanted = text("state", "active"), search = text("search", "");
  if (wanted != "active" && wanted != "deleted" && wanted != "all")
    throw InputError("query: state is active, deleted or all");
  const bool with_runs = query_flag(call.query, "include_ai", false) || is_of_runs(call);
  std::vector<Experiment> chosen;
  for (Experiment& experiment : call.scheduler.experiments()) {
    const bool active = experiment.state == experiment::ExperimentState::kActive;
    if (wanted != "all" && active != (wanted == "active")) continue;
    if (is_of_runs(call) ? !experiment.of_runs : experiment.of_runs && !with_runs) continue;
    if (!call.name.empty() && experiment.project != call.name) continue;
    if (experiment.name.find(search) == std::string::npos) continue;
    chosen.push_back(std::move(experiment));
  }
  std::vector<PageRow> rows;
  for (const Experiment& experiment : chosen)
    rows.push_back({experiment.id, [&] { return json_of(experiment, call); }});
  return {200, paginate(rows, call.query)};
}

Answer get_experiment(Call& call) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = experiment_of(call);
  if (experiment.of_runs && !is_of_runs(call))
    return {.status = 301, .location = fmt::format("/v1/aiexperiments/{}", experiment.id)};
  return {200, select_fields(json_of(experiment, call), call.query)};
}

Answer update_experiment(Call& call) {
  experiment_of(call);
  if (const Json project = call.body.value("project", Json()); project.is_string())
    call.services.runs.project(project.get<std::string>());
  const Experiment updated = call.scheduler.update(call.ids[0], [&](Experiment& experiment) {
    experiment = changed_experiment(experiment, call.body);
  });
  call.services.ring();
  return {200, json_of(updated, call)};
}

Answer delete_experiment(Call& call) {
  require_known_query(call.query, {"include_runs"});
  query_flag(call.query, "include_runs", false);
  experiment_of(call);
  call.scheduler.update(call.ids[0], [](Experiment& experiment) {
    experiment.state = experiment::ExperimentState::kDeleted;
  });
  call.services.ring();
  return {200, Json::object()};
}

}  // namespace frugal::serve
