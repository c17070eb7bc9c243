#include "serve/points.h"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::MetricValue;
using experiment::Observation;

MetricValue read_value(const Json& json, const std::vector<experiment::Metric>& metrics) {
  const Fields entry(json, {"name", "value", "value_stddev", "object"}, "body: values");
  MetricValue value;
  value.name = metrics.size() == 1 ? entry.text("name", metrics[0].name) : entry.text("name");
  const bool known = std::any_of(metrics.begin(), metrics.end(),
                                 [&](const auto& metric) { return metric.name == value.name; });
  if (!known) {
    std::vector<std::string> names;
    for (const auto& metric : metrics) names.push_back(metric.name);
    throw InputError(fmt::format("body: values: there is no metric {}; the experiment has {}",
                                 value.name, fmt::join(names, ", ")));
  }
  value.value = entry.number("value");
  value.value_stddev = entry.optional_number("value_stddev");
  if (value.value_stddev.value_or(0) < 0)
    throw InputError("body: values: value_stddev must not be negative");
  return value;
}

}  // namespace

Experiment active_experiment(const Call& call) {
  Experiment experiment = call.scheduler.experiment(call.ids[0]);
  if (experiment.state != experiment::ExperimentState::kActive)
    throw InputError(fmt::format("experiment {} was deleted", experiment.id));
  if (experiment.of_runs)
    throw Refusal(
        403, fmt::format("experiment {} is one of runs: make training runs of it", experiment.id));
  return experiment;
}

experiment::Trial suggestion_of(const Call& call, const experiment::Experiment& experiment,
                                experiment::Id id) {
  try {
    experiment::Trial trial = call.scheduler.trial(id);
    if (trial.experiment == experiment.id) return trial;
  } catch (const experiment::NotFound&) {
    // There is none at all: said in the words of who asked.
  }
  throw experiment::NotFound(fmt::format("experiment {} has no suggestion {}", experiment.id, id));
}

optimizer::Suggestion read_point(const Fields& fields, const Experiment& experiment,
                                 bool task_is_optional) {
  optimizer::Suggestion point{optimizer::assignments_from_json(
                                  fields.at("assignments"), experiment.space, "body: assignments"),
                              experiment::full_task(experiment)};
  if (!fields.has("task")) {
    if (experiment.tasks.size() > 1 && !task_is_optional)
      throw InputError("body: task is missing; an experiment with tasks needs one");
    return point;
  }
  const Json& task = fields.at("task");
  if (task.is_object()) {
    const Fields entry(task, {"name", "cost", "object"}, "body: task");
    point.task = experiment::task_named(experiment, entry.text("name"));
  } else {
    point.task = experiment::task_named(experiment, fields.text("task"));
  }
  return point;
}

void read_values(const Fields& fields, const Experiment& experiment, Observation& observation) {
  observation.value = std::nullopt;
  observation.value_stddev = std::nullopt;
  observation.more_values.clear();
  const bool failed = fields.flag("failed", false);
  const bool has_value = fields.has("values") || fields.has("value");
  if (failed && has_value) throw InputError("body: give values or failed, not both");
  if (failed) return;
  if (fields.has("values") && fields.has("value"))
    throw InputError("body: give values or value, not both");
  const auto metrics = metrics_of(experiment);
  if (!fields.has("values")) {
    if (metrics.size() > 1)
      throw InputError("body: values is missing; an experiment with several metrics needs it");
    observation.value = fields.number("value");
    observation.value_stddev = fields.optional_number("value_stddev");
    if (observation.value_stddev.value_or(0) < 0)
      throw InputError("body: value_stddev must not be negative");
    return;
  }
  const Json& values = fields.list("values");
  if (values.size() != metrics.size())
    throw InputError(
        fmt::format("body: values must hold one entry for each of {} metrics", metrics.size()));
  for (const Json& json : values) {
    MetricValue value = read_value(json, metrics);
    const bool twice = value.name == experiment.metric
                           ? observation.value.has_value()
                           : value_of(observation, value.name).has_value();
    if (twice) throw InputError(fmt::format("body: values: {} stands twice", value.name));
    if (value.name == experiment.metric) {
      observation.value = value.value;
      observation.value_stddev = value.value_stddev;
    } else {
      observation.more_values.push_back(std::move(value));
    }
  }
}

}  // namespace frugal::serve
