#include <fmt/format.h>

#include <algorithm>

#include "serve/experiment_json.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"
#include "serve/points.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Observation;
using experiment::RowQuery;

constexpr std::size_t kMaxBatch = 2500;

using Incoming = experiment::Scheduler::Outside;

Incoming read_observation(const Json& body, const Experiment& experiment, Call& call) {
  const Fields fields(body, {"suggestion", "assignments", "task", "values", "value", "value_stddev",
                             "failed", "metadata", "no_optimize"});
  fields.flag("no_optimize", false);
  Incoming incoming;
  if (fields.has("suggestion") == fields.has("assignments"))
    throw InputError("body: give a suggestion or assignments, one of them");
  if (fields.has("suggestion")) {
    if (fields.has("task")) throw InputError("body: task goes with assignments only");
    incoming.suggestion_trial = suggestion_of(call, experiment, fields.id("suggestion")).id;
  } else {
    incoming.observation.point = read_point(fields, experiment);
  }
  read_values(fields, experiment, incoming.observation);
  incoming.observation.metadata = read_metadata(fields.object("metadata"));
  return incoming;
}

Observation observation_of(const Call& call, const Experiment& experiment) {
  auto found = call.scheduler.store().observations(
      RowQuery{.experiment = experiment.id, .only = call.ids[1], .deleted = std::nullopt});
  if (found.empty())
    throw experiment::NotFound(
        fmt::format("experiment {} has no observation {}", experiment.id, call.ids[1]));
  return found.front();
}

Json observation_json(const Observation& observation, const Experiment& experiment) {
  Json json = to_json(observation, experiment);
  json["deleted"] = observation.deleted;
  return json;
}

// id, timestamp, value, value-NAME, value_stddev[-NAME], parameter-NAME, task.
void read_sort(const std::string& sort, const Experiment& experiment, RowQuery& rows) {
  const auto dash = sort.find('-');
  const std::string what = sort.substr(0, dash);
  const std::string name = dash == std::string::npos ? "" : sort.substr(dash + 1);
  if (what == "id" && name.empty()) return;
  if (what == "timestamp" && name.empty()) {
    rows.sort = "created";
  } else if (what == "task" && name.empty()) {
    rows.sort = "task";
  } else if (what == "value" || what == "value_stddev") {
    if (name.empty() || name == experiment.metric) {
      rows.sort = what;
      return;
    }
    const auto metrics = metrics_of(experiment);
    if (std::none_of(metrics.begin(), metrics.end(),
                     [&](const auto& metric) { return metric.name == name; }))
      throw InputError(fmt::format("query: sort: there is no metric {}", name));
    rows.sort = what == "value" ? "metric" : "metric_stddev";
    rows.sort_name = name;
  } else if (what == "parameter" && !name.empty()) {
    rows.sort = "parameter";
    rows.sort_name = name;
  } else {
    throw InputError(
        fmt::format("query: sort: {} is none of id, timestamp, value, value-NAME, value_stddev, "
                    "parameter-NAME, task",
                    sort));
  }
}

}  // namespace

Answer create_observation(Call& call) {
  const Experiment experiment = active_experiment(call);
  const Incoming incoming = read_observation(call.body, experiment, call);
  const auto recorded = call.scheduler.record(experiment.id, {incoming}, call.also());
  call.services.ring();
  return {200, observation_json(recorded.front(), experiment)};
}

// All or none.
Answer create_observations(Call& call) {
  const Experiment experiment = active_experiment(call);
  const Fields fields(call.body, {"observations", "dry_run", "no_optimize"});
  const Json& bodies = fields.list("observations");
  if (bodies.size() > kMaxBatch)
    throw InputError(fmt::format("body: observations: at most {} at a time", kMaxBatch));
  std::vector<Incoming> incoming;
  for (const Json& body : bodies) incoming.push_back(read_observation(body, experiment, call));
  Json data = Json::array();
  if (!fields.flag("dry_run", false))
    for (const Observation& row :
         call.scheduler.record(experiment.id, std::move(incoming), call.also()))
      data.push_back(observation_json(row, experiment));
  call.services.ring();
  return {200,
          {{"object", "pagination"},
           {"count", data.size()},
           {"data", data},
           {"paging", {{"before", nullptr}, {"after", nullptr}}}}};
}

Answer list_observations(Call& call) {
  require_known_query(call.query, paging_parameters({"sort", "deleted"}));
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  RowQuery rows{.experiment = experiment.id};
  rows.deleted = query_flag(call.query, "deleted", false);
  if (const auto sort = call.query.find("sort"); sort != call.query.end())
    read_sort(sort->second, experiment, rows);
  const bool by_offset = !rows.sort.empty();
  const PageQuery page = read_page(call.query, by_offset);
  rows.after = page.after;
  rows.before = page.before;
  rows.ascending = page.towards_newer;
  rows.limit = page.limit + 1;
  rows.offset = page.offset;
  auto& store = call.scheduler.store();
  std::vector<Json> fetched;
  std::vector<experiment::Id> ids;
  for (const Observation& observation : store.observations(rows)) {
    fetched.push_back(observation_json(observation, experiment));
    ids.push_back(observation.id);
  }
  return {200, page_of(page, call.query, store.count_observations(rows), std::move(fetched), ids,
                       by_offset)};
}

Answer get_observation(Call& call) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  return {200, select_fields(observation_json(observation_of(call, experiment), experiment),
                             call.query)};
}

Answer update_observation(Call& call) {
  const Experiment experiment = active_experiment(call);
  const Fields fields(call.body, {"suggestion", "assignments", "task", "values", "value",
                                  "value_stddev", "failed", "metadata", "no_optimize", "deleted"});
  observation_of(call, experiment);
  const bool has_values = fields.has("values") || fields.has("value") || fields.has("failed");
  if (fields.has("suggestion") && fields.has("assignments"))
    throw InputError("body: give a suggestion or assignments, one of them");
  if (fields.has("task") && !fields.has("assignments"))
    throw InputError("body: task goes with assignments only");
  const auto changed =
      call.scheduler.revise(experiment.id, {call.ids[1]}, [&](Observation& observation) {
        if (has_values) read_values(fields, experiment, observation);
        if (fields.has("metadata")) observation.metadata = read_metadata(fields.object("metadata"));
        observation.deleted = fields.flag("deleted", observation.deleted);
        if (fields.has("assignments")) {
          observation.point = read_point(fields, experiment);
          observation.trial = 0;
        }
        if (fields.has("suggestion")) {
          const auto trial = call.scheduler.store().trial(fields.id("suggestion"));
          if (!trial || trial->experiment != experiment.id)
            throw experiment::NotFound("body: suggestion: the experiment has none of this id");
          observation.trial = trial->id;
          observation.point = trial->suggestion;
        }
      });
  return {200, observation_json(changed.front(), experiment)};
}

Answer delete_observation(Call& call) {
  require_known_query(call.query, {"no_optimize"});
  const Experiment experiment = active_experiment(call);
  observation_of(call, experiment);
  call.scheduler.revise(experiment.id, {call.ids[1]},
                        [](Observation& observation) { observation.deleted = true; });
  return {};
}

Answer delete_observations(Call& call) {
  require_known_query(call.query, {"no_optimize"});
  const Experiment experiment = active_experiment(call);
  std::vector<experiment::Id> ids;
  call.scheduler.store().each_observation(
      {.experiment = experiment.id},
      [&](const Observation& observation) { ids.push_back(observation.id); });
  call.scheduler.revise(experiment.id, ids,
                        [](Observation& observation) { observation.deleted = true; });
  return {};
}

}  // namespace frugal::serve
