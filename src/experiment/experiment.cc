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

void read_metrics(const Json& metrics, Experiment& experiment, std::string_view where) {
  if (metrics.is_null()) return;
  if (!metrics.is_array() || metrics.size() != 1)
    throw InputError(
        fmt::format("{}: metrics: one metric can be optimized; give a list of one", where));
  const Json& metric = metrics[0];
  if (metric.is_string()) {
    experiment.metric = metric.get<std::string>();
    return;
  }
  require_known_keys(metric, {"name", "objective", "strategy", "threshold", "object"},
                     fmt::format("{}: metrics", where));
  experiment.metric = take<std::string>(metric, "name", experiment.metric, where);
  const auto objective = take<std::string>(metric, "objective", "maximize", where);
  if (objective != "maximize" && objective != "minimize")
    throw InputError(
        fmt::format("{}: metrics: objective is maximize or minimize, not {}", where, objective));
  if (take<std::string>(metric, "strategy", "optimize", where) != "optimize")
    throw InputError(fmt::format("{}: metrics: only the strategy optimize is known", where));
  if (!metric.value("threshold", Json()).is_null())
    throw InputError(fmt::format(
        "{}: metrics: a metric that is optimized alone has no threshold; leave it out", where));
  experiment.maximize = objective == "maximize";
}

Json time_or_null(double seconds) {
  return seconds > 0 ? Json(static_cast<std::int64_t>(seconds)) : Json();
}

}  // namespace

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

Json to_json(const Experiment& experiment) {
  Json json = to_json(experiment.space);
  json["object"] = "experiment";
  json["id"] = std::to_string(experiment.id);
  json["name"] = experiment.name;
  json["type"] = "offline";
  json["metrics"] = Json::array({{{"object", "metric"},
                                  {"name", experiment.metric},
                                  {"objective", experiment.maximize ? "maximize" : "minimize"},
                                  {"strategy", "optimize"}}});
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
  json["created"] = time_or_null(experiment.created);
  return json;
}

Experiment experiment_from_json(const Json& json, std::string_view where) {
  require_known_keys(json,
                     {"name", "type", "parameters", "conditionals", "linear_constraints", "metrics",
                      "tasks", "observation_budget", "parallel_bandwidth", "suggester", "seed",
                      "metadata", "state", "object", "id", "created"},
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
  if (type == "grid")
    throw InputError(fmt::format(
        "{}: type grid is not offered; leave type out and give each parameter its grid of values: "
        "none is tried twice before all have been tried",
        where));
  if (type != "offline" && type != "random")
    throw InputError(fmt::format("{}: type is offline or random, not {}", where, type));
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
  if (json.contains("id")) experiment.id = id_from_json(json["id"], where);
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
        {{"object", "metric_evaluation"},
         {"name", experiment.metric},
         {"value", *observation.value},
         {"value_stddev", observation.value_stddev ? Json(*observation.value_stddev) : Json()}});
  json["created"] = time_or_null(observation.created);
  json["metadata"] = observation.metadata;
  return json;
}

}  // namespace frugal::experiment
