#include "experiment/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "experiment/trial_json.h"

namespace frugal::experiment {
namespace {

// Stricter than Json, which takes true for 1 and 1.5 for 1.
template <typename T>
bool has_type(const Json& json) {
  if constexpr (std::is_same_v<T, std::string>) {
    return json.is_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    return json.is_boolean();
  } else if constexpr (std::is_floating_point_v<T>) {
    return json.is_number();
  } else {
    return json.is_number_unsigned()  ? std::in_range<T>(json.get<std::uint64_t>())
           : json.is_number_integer() ? std::in_range<T>(json.get<std::int64_t>())
                                      : false;
  }
}

template <typename T>
T take(const Json& json, const char* key, T fallback, std::string_view where) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return fallback;
  if (!has_type<T>(*found))
    throw InputError(fmt::format("{}: {} has the wrong type: {}", where, key, found->dump()));
  return found->get<T>();
}

std::vector<optimizer::Task> tasks_from_json(const Json& json, std::string_view where) {
  if (json.is_null()) return {optimizer::Task{}};
  if (!json.is_array() || json.size() < 2)
    throw InputError(fmt::format("{}: tasks must be two or more", where));
  std::vector<optimizer::Task> tasks;
  for (const auto& item : json) {
    require_known_keys(item, {"name", "cost", "object"}, fmt::format("{}: tasks", where));
    const optimizer::Task task{take<std::string>(item, "name", "", where),
                               take<double>(item, "cost", 0, where)};
    if (task.name.empty()) throw InputError(fmt::format("{}: a task has no name", where));
    if (!(task.cost > 0 && task.cost <= 1))
      throw InputError(
          fmt::format("{}: task {}: cost {} is not in (0, 1]", where, task.name, task.cost));
    for (const auto& other : tasks)
      if (other.name == task.name || other.cost == task.cost)
        throw InputError(fmt::format("{}: tasks {} and {}: names and costs must differ", where,
                                     other.name, task.name));
    tasks.push_back(task);
  }
  if (std::none_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.cost == 1; }))
    throw InputError(fmt::format("{}: tasks: exactly one must cost 1", where));
  return tasks;
}

void read_metrics(const Json& json, Experiment& experiment, std::string_view where) {
  if (json.is_null()) return;
  std::vector<Metric> metrics = metrics_from_json(json, where);
  experiment.metric = metrics[0].name;
  experiment.maximize = metrics[0].maximize;
  const std::optional<double> threshold = metrics[0].threshold;
  experiment.more_metrics.assign(metrics.begin() + 1, metrics.end());
  if (threshold) experiment.threshold = threshold;
}

Search read_search(const Json& json, std::string_view where) {
  const auto name = take<std::string>(json, "search", "on", where);
  for (const Search search : {Search::kOn, Search::kPaused, Search::kEnding})
    if (to_string(search) == name) return search;
  throw InputError(fmt::format("{}: search is on, paused or ending, not {}", where, name));
}

bool is_grid_cell(const optimizer::Parameter& parameter) {
  return parameter.type == optimizer::ParameterType::kCategorical || !parameter.grid.empty();
}

// Type grid: as many trials as there are cells, each once before any twice.
void read_grid(const Json& json, Experiment& experiment, std::string_view where) {
  if (!json.value("observation_budget", Json()).is_null() && experiment.id == 0)
    throw InputError(fmt::format(
        "{}: observation_budget: type grid has as many as there are cells; leave it out", where));
  if (!experiment.space.conditionals().empty() || experiment.tasks.size() > 1)
    throw InputError(fmt::format("{}: type grid has neither conditionals nor tasks", where));
  double cells = 1;
  for (const auto& parameter : experiment.space.parameters()) {
    if (!is_grid_cell(parameter))
      throw InputError(
          fmt::format("{}: parameter {}: type grid needs a grid of values", where, parameter.name));
    cells *= static_cast<double>(std::max(parameter.grid.size(), parameter.categories.size()));
  }
  constexpr double kMostCells = 20000;
  if (cells > kMostCells)
    throw InputError(fmt::format("{}: type grid: {:g} cells are more than {:g}; leave type out",
                                 where, cells, kMostCells));
  experiment.budget = cells;
  experiment.suggester = "sobol";
}

// What SigOpt asks of experiments with more than one goal.
void check_goals(const Experiment& experiment, std::string_view where) {
  const bool has_constraint =
      std::any_of(experiment.more_metrics.begin(), experiment.more_metrics.end(),
                  [](const Metric& metric) { return metric.strategy == Strategy::kConstraint; });
  const bool several = second_objective(experiment) != nullptr;
  if (!has_constraint && !several) return;
  const char* what = several ? "two optimized metrics" : "a constraint metric";
  if (!experiment.budget)
    throw InputError(fmt::format("{}: observation_budget is needed with {}", where, what));
  if (experiment.tasks.size() > 1)
    throw InputError(fmt::format("{}: tasks cannot go with {}", where, what));
}

Json time_or_null(double seconds) {
  return seconds > 0 ? Json(static_cast<std::int64_t>(seconds)) : Json();
}

}  // namespace

std::string to_string(Search search) {
  switch (search) {
    case Search::kOn:
      return "on";
    case Search::kPaused:
      return "paused";
    case Search::kEnding:
      return "ending";
  }
  FRUGAL_CHECK(false);
}

std::string to_string(TrialState state) {
  switch (state) {
    case TrialState::kOpen:
      return "open";
    case TrialState::kRunning:
      return "running";
    case TrialState::kDone:
      return "done";
    case TrialState::kFailed:
      return "failed";
    case TrialState::kPreempted:
      return "preempted";
  }
  FRUGAL_CHECK(false);
}

TrialState trial_state_named(const std::string& name) {
  for (const auto state : {TrialState::kOpen, TrialState::kRunning, TrialState::kDone,
                           TrialState::kFailed, TrialState::kPreempted})
    if (to_string(state) == name) return state;
  throw InputError(
      fmt::format("no trial is \"{}\": open, running, done, failed or preempted", name));
}

std::size_t full_task(const Experiment& experiment) {
  const auto& tasks = experiment.tasks;
  const auto full =
      std::find_if(tasks.begin(), tasks.end(), [](const auto& task) { return task.cost == 1; });
  FRUGAL_CHECK(full != tasks.end());
  return static_cast<std::size_t>(full - tasks.begin());
}

std::size_t task_named(const Experiment& experiment, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& task : experiment.tasks) {
    if (task.name == name) return names.size();
    names.push_back(task.name);
  }
  throw InputError(
      fmt::format("task: there is no \"{}\"; the experiment has {}", name, fmt::join(names, ", ")));
}

std::vector<Metric> metrics_of(const Experiment& experiment) {
  std::vector<Metric> metrics = {{.name = experiment.metric,
                                  .maximize = experiment.maximize,
                                  .threshold = experiment.threshold}};
  metrics.insert(metrics.end(), experiment.more_metrics.begin(), experiment.more_metrics.end());
  return metrics;
}

const Metric* second_objective(const Experiment& experiment) {
  const auto found =
      std::find_if(experiment.more_metrics.begin(), experiment.more_metrics.end(),
                   [](const Metric& metric) { return metric.strategy == Strategy::kOptimize; });
  return found == experiment.more_metrics.end() ? nullptr : &*found;
}

std::optional<double> value_of(const Observation& observation, const std::string& metric) {
  for (const MetricValue& value : observation.more_values)
    if (value.name == metric) return value.value;
  return std::nullopt;
}

bool keeps_thresholds(const Observation& observation, const Experiment& experiment) {
  if (!observation.value) return false;
  if (experiment.threshold &&
      !keeps_threshold({.maximize = experiment.maximize, .threshold = experiment.threshold},
                       *observation.value))
    return false;
  return std::all_of(experiment.more_metrics.begin(), experiment.more_metrics.end(),
                     [&](const Metric& metric) {
                       if (!metric.threshold) return true;
                       const auto value = value_of(observation, metric.name);
                       return value && keeps_threshold(metric, *value);
                     });
}

Json to_json(const Experiment& experiment) {
  Json json = to_json(experiment.space);
  json["object"] = "experiment";
  json["id"] = std::to_string(experiment.id);
  json["name"] = experiment.name;
  json["type"] = experiment.type;
  for (const Metric& metric : metrics_of(experiment)) json["metrics"].push_back(to_json(metric));
  if (experiment.tasks.size() > 1)
    for (const auto& task : experiment.tasks)  // in their order: trials hold indices
      json["tasks"].push_back({{"object", "task"}, {"name", task.name}, {"cost", task.cost}});
  json["observation_budget"] = experiment.budget ? Json(*experiment.budget) : Json();
  json["parallel_bandwidth"] =
      experiment.parallel_bandwidth ? Json(*experiment.parallel_bandwidth) : Json();
  json["suggester"] = experiment.suggester;
  json["seed"] = experiment.seed;
  json["metadata"] = experiment.metadata;
  json["state"] = experiment.state == ExperimentState::kActive ? "active" : "deleted";
  json["search"] = to_string(experiment.search);
  json["created"] = time_or_null(experiment.created);
  json["updated"] = time_or_null(std::max(experiment.created, experiment.updated));
  json["project"] = experiment.project.empty() ? Json() : Json(experiment.project);
  json["of_runs"] = experiment.of_runs;
  return json;
}

Experiment experiment_from_json(const Json& json, std::string_view where) {
  require_known_keys(json,
                     {"name",
                      "type",
                      "parameters",
                      "conditionals",
                      "linear_constraints",
                      "metrics",
                      "tasks",
                      "observation_budget",
                      "parallel_bandwidth",
                      "suggester",
                      "seed",
                      "metadata",
                      "state",
                      "search",
                      "object",
                      "id",
                      "created",
                      "updated",
                      "project",
                      "of_runs"},
                     where);
  Experiment experiment{
      .space = optimizer::space_from_json(
          {{"parameters", json.value("parameters", Json::array())},
           {"conditionals", json.value("conditionals", Json::array())},
           {"linear_constraints", json.value("linear_constraints", Json::array())}},
          where)};
  experiment.name = take<std::string>(json, "name", "", where);
  if (experiment.name.empty() || experiment.name.size() > 100)
    throw InputError(fmt::format("{}: name must have 1 to 100 characters", where));
  const auto type = take<std::string>(json, "type", "offline", where);
  if (type != "offline" && type != "random" && type != "grid")
    throw InputError(fmt::format("{}: type is offline, random or grid, not {}", where, type));
  experiment.type = type;
  if (type == "random") experiment.suggester = "random";
  experiment.suggester = take<std::string>(json, "suggester", experiment.suggester, where);
  read_metrics(json.value("metrics", Json()), experiment, where);
  experiment.tasks = tasks_from_json(json.value("tasks", Json()), where);
  experiment.seed = take<std::uint64_t>(json, "seed", 0, where);
  if (const double budget = take<double>(json, "observation_budget", 0, where); budget > 0)
    experiment.budget = budget;
  else if (!json.value("observation_budget", Json()).is_null())
    throw InputError(fmt::format("{}: observation_budget must be above 0", where));
  if (const int bandwidth = take<int>(json, "parallel_bandwidth", 0, where); bandwidth > 0)
    experiment.parallel_bandwidth = bandwidth;
  else if (!json.value("parallel_bandwidth", Json()).is_null())
    throw InputError(fmt::format("{}: parallel_bandwidth must be above 0", where));
  if (const auto metadata = json.find("metadata"); metadata != json.end() && !metadata->is_null()) {
    if (!metadata->is_object())
      throw InputError(fmt::format("{}: metadata must be an object", where));
    experiment.metadata = *metadata;
  }
  const auto state = take<std::string>(json, "state", "active", where);
  if (state != "active" && state != "deleted")
    throw InputError(fmt::format("{}: state is active or deleted, not {}", where, state));
  if (state == "deleted") experiment.state = ExperimentState::kDeleted;
  experiment.search = read_search(json, where);
  if (json.contains("id")) experiment.id = id_from_json(json["id"], where);
  experiment.project = take<std::string>(json, "project", "", where);
  experiment.of_runs = take<bool>(json, "of_runs", false, where);
  if (type == "grid") read_grid(json, experiment, where);
  check_goals(experiment, where);
  return experiment;
}

namespace {

Json point_json(const optimizer::Suggestion& point, const Experiment& experiment) {
  Json json = {{"assignments", optimizer::to_json(point.assignments)},
               {"experiment", std::to_string(experiment.id)}};
  if (experiment.tasks.size() > 1) {
    const auto& task = experiment.tasks.at(point.task);
    json["task"] = {{"object", "task"}, {"name", task.name}, {"cost", task.cost}};
  }
  return json;
}

}  // namespace

Json to_json(const Cost& cost) {
  return {{"wall_seconds", cost.wall_seconds},
          {"cpu_seconds", cost.cpu_seconds},
          {"device_seconds", cost.device_seconds},
          {"peak_memory_bytes", cost.peak_memory_bytes},
          {"waited_seconds", cost.waited_seconds}};
}

Cost sum(const Cost& a, const Cost& b) {
  return {.wall_seconds = a.wall_seconds + b.wall_seconds,
          .cpu_seconds = a.cpu_seconds + b.cpu_seconds,
          .device_seconds = a.device_seconds + b.device_seconds,
          .peak_memory_bytes = std::max(a.peak_memory_bytes, b.peak_memory_bytes),
          .waited_seconds = a.waited_seconds + b.waited_seconds,
          .machine_seconds = a.machine_seconds + b.machine_seconds,
          .dollars = a.dollars + b.dollars};
}

Json to_json(const Trial& trial, const Experiment& experiment) {
  Json json = point_json(trial.suggestion, experiment);
  json["object"] = "trial";
  json["id"] = std::to_string(trial.id);
  json["purpose"] = trial.purpose;
  json["metadata"] = trial.metadata;
  json["state"] = to_string(trial.state);
  json["fence"] = trial.fence;
  json["worker"] = trial.worker;
  json["attempts"] = trial.attempts;
  const Cost cost = sum(trial.cost, trial.attempt_cost);
  json.update(to_json(cost));
  json.erase("waited_seconds");  // not the trial's own doing
  json["machine_seconds"] = cost.machine_seconds;
  json["dollars"] = cost.dollars;
  json["checkpoint"] = trial.checkpoint;
  json["reason"] = trial.reason;
  json["progress"] = trial.progress;
  json["created"] = time_or_null(trial.created);
  json["started"] = time_or_null(trial.started);
  json["ended"] = time_or_null(trial.ended);
  return json;
}

Json to_json(const Observation& observation, const Experiment& experiment) {
  Json json = point_json(observation.point, experiment);
  json["object"] = "observation";
  json["id"] = std::to_string(observation.id);
  json["suggestion"] = observation.trial > 0 ? Json(std::to_string(observation.trial)) : Json();
  json["failed"] = !observation.value.has_value();
  json["values"] = Json::array();
  if (observation.value)
    json["values"].push_back(
        to_json(MetricValue{experiment.metric, *observation.value, observation.value_stddev}));
  for (const MetricValue& value : observation.more_values) json["values"].push_back(to_json(value));
  json["created"] = time_or_null(observation.created);
  json["metadata"] = observation.metadata;
  return json;
}

}  // namespace frugal::experiment
