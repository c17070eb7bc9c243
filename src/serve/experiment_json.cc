#include "serve/experiment_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "serve/fields.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Observation;

Json observation_or_null(const std::optional<Observation>& observation,
                         const Experiment& experiment) {
  return observation ? to_json(*observation, experiment) : Json();
}

void sort_by_name(Json& list) {
  std::stable_sort(list.begin(), list.end(),
                   [](const Json& a, const Json& b) { return a["name"] < b["name"]; });
}

Json common_json(const Experiment& experiment) {
  Json json = to_json(experiment);
  json.erase("of_runs");
  json["client"] = "1";
  json["user"] = nullptr;
  json["development"] = false;
  json["num_solutions"] = 1;
  for (const char* list : {"conditionals", "linear_constraints"})
    if (!json.contains(list)) json[list] = Json::array();
  sort_by_name(json["parameters"]);
  sort_by_name(json["metrics"]);
  for (Json& parameter : json["parameters"]) {
    parameter["object"] = "parameter";
    if (parameter.contains("categorical_values"))
      for (Json& value : parameter["categorical_values"]) value["object"] = "categorical_value";
  }
  if (json.contains("tasks"))  // dearest first, as SigOpt has them
    std::stable_sort(json["tasks"].begin(), json["tasks"].end(),
                     [](const Json& a, const Json& b) { return a["cost"] > b["cost"]; });
  return json;
}

const std::vector<std::string>& fields_of(bool of_runs) {
  static const auto with = [](std::vector<std::string> own) {
    for (const char* key :
         {"name", "type", "parameters", "conditionals", "linear_constraints", "metrics",
          "parallel_bandwidth", "num_solutions", "metadata", "suggester", "seed"})
      own.emplace_back(key);
    return own;
  };
  static const auto core =
      with({"observation_budget", "tasks", "project", "runs_only", "development"});
  static const auto runs = with({"budget"});
  return of_runs ? runs : core;
}

void require_one_solution(const Json& body) {
  const auto found = body.find("num_solutions");
  if (found == body.end() || found->is_null() || (found->is_number_integer() && *found == 1))
    return;
  throw InputError("body: num_solutions: one solution is looked for; leave it out");
}

void require_no_runs_only(const Json& body) {
  if (const auto found = body.find("runs_only"); found != body.end() && *found == true)
    throw InputError(
        "body: runs_only: make the experiment at /v1/clients/1/projects/PROJECT/aiexperiments");
}

void require_plain_name(const Json& body) {
  if (const auto name = body.find("name"); name != body.end() && name->is_string())
    for (const unsigned char c : name->get_ref<const std::string&>())
      if (c < 32 || c == 127) throw InputError("body: name must not hold control characters");
}

}  // namespace

Json read_metadata(const Json& metadata) {
  if (metadata.is_null()) return Json::object();
  if (!metadata.is_object()) throw InputError("body: metadata must be an object");
  if (metadata.size() > 100) throw InputError("body: metadata can have 100 keys");
  for (const auto& [key, value] : metadata.items()) {
    if (key.size() > 100) throw InputError("body: metadata: a key can have 100 characters");
    if (value.is_string() && value.get_ref<const std::string&>().size() > 500)
      throw InputError(fmt::format("body: metadata: {} can have 500 characters", key));
    if (!value.is_string() && !value.is_number() && !value.is_null() && !value.is_boolean())
      throw InputError(fmt::format("body: metadata: {} must be a text, a number or null", key));
  }
  return metadata;
}

Json experiment_json(const Experiment& experiment, const Call& call) {
  const auto summary = call.scheduler.progress(experiment.id);
  Json json = common_json(experiment);
  json["runs_only"] = false;
  // What clients of before version 5 read.
  json["metric"] = to_json(metrics_of(experiment)[0]);
  json["can_be_deleted"] = true;
  const bool one_objective = experiment::second_objective(experiment) == nullptr;
  json["progress"] = {
      {"object", "progress"},
      {"observation_count", summary.observation_count},
      {"observation_budget_consumed", summary.budget_consumed},
      {"first_observation", observation_or_null(summary.first, experiment)},
      {"last_observation", observation_or_null(summary.last, experiment)},
      {"best_observation", one_objective ? observation_or_null(summary.best, experiment) : Json()}};
  return json;
}

Json ai_experiment_json(const Experiment& experiment, const Call& call) {
  const auto progress = call.services.runs.progress(experiment.id);
  const auto total = static_cast<double>(progress.active + progress.finished);
  Json json = common_json(experiment);
  json["object"] = "aiexperiment";
  json["budget"] = json["observation_budget"];
  json.erase("observation_budget");
  const Json remaining =
      experiment.budget ? Json(std::max(0.0, *experiment.budget - total)) : Json();
  json["progress"] = {{"object", "progress"},
                      {"active_run_count", progress.active},
                      {"finished_run_count", progress.finished},
                      {"total_run_count", progress.active + progress.finished},
                      {"remaining_budget", remaining}};
  return json;
}

Experiment read_experiment(const Json& body, bool of_runs) {
  require_known_keys(body, fields_of(of_runs), "body");
  require_one_solution(body);
  require_no_runs_only(body);
  require_plain_name(body);
  Json json = body;
  for (const char* key : {"num_solutions", "runs_only", "development"}) json.erase(key);
  json["metadata"] = read_metadata(body.value("metadata", Json()));
  if (of_runs) {
    for (const Json& metric : body.value("metrics", Json::array()))
      if (!metric.is_object()) throw InputError("body: metrics must be objects");
    json["observation_budget"] = body.value("budget", Json());
    json.erase("budget");
    json["of_runs"] = true;
  }
  if (const Json budget = json.value("observation_budget", Json());
      budget.is_number() && budget.get<double>() < 1e-9)
    throw InputError(
        fmt::format("body: {} must be above 0", of_runs ? "budget" : "observation_budget"));
  return experiment::experiment_from_json(json, "body");
}

namespace {

// What stays of each parameter that there was; what a new one needs.
void check_parameters(const Experiment& before, const Experiment& after) {
  if (before.type == "grid" || !before.space.constraints().empty())
    throw InputError("body: parameters cannot change with type grid or with linear constraints");
  for (const auto& parameter : after.space.parameters()) {
    const auto& known = before.space.parameters();
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const auto& p) { return p.name == parameter.name; });
    if (same == known.end()) {
      if (!parameter.default_value)
        throw InputError(
            fmt::format("body: parameters: {} is new and needs a default_value", parameter.name));
    } else if (same->type != parameter.type || same->log != parameter.log) {
      throw InputError(fmt::format("body: parameters: {}: type and transformation cannot change",
                                   parameter.name));
    }
  }
}

void check_metrics(const Experiment& before, const Experiment& after) {
  const auto old = metrics_of(before), now = metrics_of(after);
  bool same = old.size() == now.size();
  for (std::size_t i = 0; same && i < old.size(); ++i)
    same = old[i].name == now[i].name && old[i].strategy == now[i].strategy &&
           old[i].maximize == now[i].maximize;
  if (!same) throw InputError("body: metrics: only their thresholds can change");
}

}  // namespace

Experiment changed_experiment(const Experiment& before, const Json& changes) {
  const char* budget = before.of_runs ? "budget" : "observation_budget";
  require_known_keys(changes,
                     {"name", "project", budget, "state", "metadata", "parallel_bandwidth",
                      "metrics", "parameters", "search", "no_optimize"},
                     "body");
  require_plain_name(changes);
  Json json = to_json(before);
  for (const auto& [key, value] : changes.items()) {
    if (key == "no_optimize") continue;
    json[key == "budget" ? "observation_budget" : key] =
        key == "metadata" ? read_metadata(value) : value;
  }
  if (changes.contains(budget)) {
    if (before.type == "grid") throw InputError("body: type grid has its own budget");
    if (experiment::second_objective(before) != nullptr)
      throw InputError(fmt::format("body: {} cannot change with two optimized metrics", budget));
  }
  Experiment after = experiment::experiment_from_json(json, "body");
  if (changes.contains("parameters")) check_parameters(before, after);
  check_metrics(before, after);
  after.created = before.created;
  return after;
}

}  // namespace frugal::serve
