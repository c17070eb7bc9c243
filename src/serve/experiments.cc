#include <fmt/format.h>

#include <algorithm>

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

// Epoch seconds; nullopt: not asked.
std::optional<double> moment(const Query& query, const char* key) {
  const auto found = query.find(key);
  if (found == query.end()) return std::nullopt;
  const auto seconds = id_from_text(found->second);
  if (!seconds) throw InputError(fmt::format("query: {} must be seconds since 1970", key));
  return static_cast<double>(*seconds);
}

// What a list of experiments is asked for beside its state.
class Choice {
 public:
  explicit Choice(const Query& query)
      : begin_(moment(query, "period_start")), end_(moment(query, "period_end")) {
    if (const auto search = query.find("search"); search != query.end()) search_ = search->second;
    // Nobody here is a user, and nothing is of a development mode.
    is_empty_ = query.contains("user") || query_flag(query, "development", false);
  }
  bool has(const Experiment& experiment) const {
    return !is_empty_ && experiment.name.find(search_) != std::string::npos &&
           experiment.created >= begin_.value_or(experiment.created) &&
           (!end_ || experiment.created < *end_);
  }

 private:
  std::string search_;
  std::optional<double> begin_, end_;
  bool is_empty_ = false;
};

// By id where nothing else is asked. Whether it is something else.
bool sort_as_asked(std::vector<Experiment>& experiments, const Query& query) {
  const auto found = query.find("sort");
  const std::string sort = found == query.end() ? "id" : found->second;
  if (sort == "id") return false;
  if (sort != "recent" && sort != "name") throw InputError("query: sort is id, recent or name");
  const auto changed = [](const Experiment& one) { return std::max(one.created, one.updated); };
  std::stable_sort(experiments.begin(), experiments.end(),
                   [&](const Experiment& a, const Experiment& b) {
                     return sort == "name" ? a.name < b.name : changed(a) < changed(b);
                   });
  return true;
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
  const std::string wanted = text("state", "active");
  const Choice choice(call.query);
  if (wanted != "active" && wanted != "deleted" && wanted != "all")
    throw InputError("query: state is active, deleted or all");
  const bool with_runs = query_flag(call.query, "include_ai", false) || is_of_runs(call);
  std::vector<Experiment> chosen;
  for (Experiment& experiment : call.scheduler.experiments()) {
    const bool active = experiment.state == experiment::ExperimentState::kActive;
    if (wanted != "all" && active != (wanted == "active")) continue;
    if (is_of_runs(call) ? !experiment.of_runs : experiment.of_runs && !with_runs) continue;
    if (!call.name.empty() && experiment.project != call.name) continue;
    if (choice.has(experiment)) chosen.push_back(std::move(experiment));
  }
  const bool is_sorted = sort_as_asked(chosen, call.query);
  std::vector<PageRow> rows;
  for (const Experiment& experiment : chosen)
    rows.push_back({experiment.id, [&] { return json_of(experiment, call); }});
  return {200, paginate(rows, call.query, is_sorted)};
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
  const bool with_runs = query_flag(call.query, "include_runs", false);
  experiment_of(call);
  call.scheduler.update(call.ids[0], [](Experiment& experiment) {
    experiment.state = experiment::ExperimentState::kDeleted;
  });
  if (with_runs) call.services.runs.delete_of(call.ids[0]);
  call.services.ring();
  return {200, Json::object()};
}

}  // namespace frugal::serve
