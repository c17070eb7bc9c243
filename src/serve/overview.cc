#include "serve/overview.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/progress.h"
#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Id;
using experiment::Revision;

// Observations at the pace of those so far; null where there is no telling.
Json forecast_json(const Experiment& experiment, const experiment::Summary& summary) {
  Json json = {{"seconds_left", nullptr}};
  const bool goes_on = experiment.state == experiment::ExperimentState::kActive &&
                       experiment.search == experiment::Search::kOn;
  if (!goes_on || !experiment.budget || !summary.last) return json;
  constexpr double kFewestSeconds = 5;  // less is no pace: a history that was handed in at once
  const double seconds = summary.last->created - summary.first->created;
  const double since_first =
      summary.budget_consumed - experiment.tasks[summary.first->point.task].cost;
  const double left = *experiment.budget - summary.budget_consumed;
  if (left <= 0)
    json["seconds_left"] = 0;
  else if (seconds >= kFewestSeconds && since_first > 0)
    json["seconds_left"] = left * seconds / since_first;
  return json;
}

Json progress_json(const Experiment& experiment, const experiment::Summary& summary) {
  const auto created = [](const auto& observation) {
    return observation ? Json(static_cast<std::int64_t>(observation->created)) : Json();
  };
  return {
      {"observation_count", summary.observation_count},
      {"observation_budget_consumed", summary.budget_consumed},
      {"since_best", summary.since_best},
      {"first_observed", created(summary.first)},
      {"last_observed", created(summary.last)},
      {"best_observation", summary.best ? to_json(*summary.best, experiment) : Json()},
  };
}

Json spend_json(const experiment::Cost& cost) {
  return {{"wall_seconds", cost.wall_seconds},
          {"cpu_seconds", cost.cpu_seconds},
          {"device_seconds", cost.device_seconds},
          {"machine_seconds", cost.machine_seconds},
          {"dollars", cost.dollars}};
}

}  // namespace

Json overview_json(const Experiment& experiment, const Revision& revision, const Call& call) {
  const auto summary = call.scheduler.progress(experiment.id);
  const Tally tally = call.services.tallies.of(experiment, call.scheduler, revision);
  const Json full = to_json(experiment);
  Json json = {{"object", "overview"}};
  for (const char* key :
       {"id", "name", "type", "state", "search", "project", "suggester", "observation_budget",
        "parallel_bandwidth", "created", "updated", "of_runs", "metrics", "metadata"})
    json[key] = full[key];
  json["progress"] = progress_json(experiment, summary);
  json["trials"] = {{"done", tally.done},
                    {"failed", tally.failed},
                    {"running", tally.running},
                    {"waiting", tally.waiting}};
  json["spend"] = spend_json(tally.cost);
  json["forecast"] = forecast_json(experiment, summary);
  json["improvements"] = tally.improved;
  json["revision"] = {{"changes", revision.changes}, {"rewritings", revision.rewritings}};
  return json;
}

std::map<Id, Revision> seen_by(const Call& call) {
  auto all = call.scheduler.revisions();
  if (call.access.experiment > 0)
    std::erase_if(all, [&](const auto& item) { return item.first != call.access.experiment; });
  return all;
}

Json overview_of(const Call& call, const std::map<Id, Revision>& chosen) {
  Json experiments = Json::array();
  for (const auto& [id, revision] : chosen)
    experiments.push_back(overview_json(call.scheduler.experiment(id), revision, call));
  return {{"object", "overview_list"},
          {"time", call.scheduler.clock().now_seconds()},
          {"permissions", call.access.may_write ? "write" : "read"},
          {"experiments", experiments},
          {"workers", call.services.workers.list(call.access.experiment)}};
}

Answer get_overview(Call& call) {
  require_known_query(call.query, {});
  return {200, overview_of(call, seen_by(call))};
}

}  // namespace frugal::serve
