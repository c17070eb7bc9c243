#include <fmt/format.h>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Observation;

constexpr std::size_t kMaxBatch = 2500;

using Incoming = experiment::Scheduler::Outside;

// The one metric's evaluation, from `values` or the older `value`.
void read_value(const Fields& fields, const Experiment& experiment, Observation& observation) {
  const bool failed = fields.flag("failed", false);
  const bool has_value = fields.has("values") || fields.has("value");
  if (failed && has_value) throw InputError("body: give values or failed, not both");
  if (failed) return;
  if (fields.has("values") && fields.has("value"))
    throw InputError("body: give values or value, not both");
  if (!fields.has("values")) {
    observation.value = fields.number("value");
    observation.value_stddev = fields.optional_number("value_stddev");
  } else {
    const Json& values = fields.list("values");
    if (values.size() != 1)
      throw InputError(
          fmt::format("body: values must hold one entry, of the metric {}", experiment.metric));
    const Fields entry(values[0], {"name", "value", "value_stddev", "object"}, "body: values");
    const std::string name = entry.text("name", experiment.metric);
    if (name != experiment.metric)
      throw InputError(fmt::format("body: values: there is no metric {}; the experiment has {}",
                                   name, experiment.metric));
    observation.value = entry.number("value");
    observation.value_stddev = entry.optional_number("value_stddev");
  }
  if (observation.value_stddev.value_or(0) < 0)
    throw InputError("body: value_stddev must not be negative");
}

std::size_t read_task(const Fields& fields, const Experiment& experiment) {
  if (!fields.has("task")) {
    if (experiment.tasks.size() > 1)
      throw InputError("body: task is missing; an experiment with tasks needs one");
    return experiment::full_task(experiment);
  }
  const Json& task = fields.at("task");
  if (!task.is_object()) return experiment::task_named(experiment, fields.text("task"));
  const Fields entry(task, {"name", "cost", "object"}, "body: task");
  return experiment::task_named(experiment, entry.text("name"));
}

Incoming read_observation(const Json& body, const Experiment& experiment, Call& call) {
  const Fields fields(body, {"suggestion", "assignments", "task", "values", "value", "value_stddev",
                             "failed", "metadata", "no_optimize"});
  fields.flag("no_optimize", false);
  Incoming incoming;
  if (fields.has("suggestion") == fields.has("assignments"))
    throw InputError("body: give a suggestion or assignments, one of them");
  if (fields.has("suggestion")) {
    if (fields.has("task")) throw InputError("body: task goes with assignments only");
    incoming.suggestion_trial = fields.id("suggestion");
    if (call.scheduler.trial(incoming.suggestion_trial).experiment != experiment.id)
      throw experiment::NotFound(fmt::format("experiment {} has no suggestion {}", experiment.id,
                                             incoming.suggestion_trial));
  } else {
    incoming.observation.point = {
        optimizer::assignments_from_json(fields.at("assignments"), experiment.space,
                                         "body: assignments"),
        read_task(fields, experiment)};
  }
  read_value(fields, experiment, incoming.observation);
  incoming.observation.metadata = fields.object("metadata");
  return incoming;
}

Experiment active_experiment(Call& call) {
  Experiment experiment = call.scheduler.experiment(call.ids[0]);
  if (experiment.state != experiment::ExperimentState::kActive)
    throw InputError(fmt::format("experiment {} was deleted", experiment.id));
  return experiment;
}

}  // namespace

Answer create_observation(Call& call) {
  const Experiment experiment = active_experiment(call);
  const Incoming incoming = read_observation(call.body, experiment, call);
  const auto recorded = call.scheduler.record(experiment.id, {incoming});
  call.bell.ring();
  return {200, to_json(recorded.front(), experiment)};
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
    for (const Observation& row : call.scheduler.record(experiment.id, std::move(incoming)))
      data.push_back(to_json(row, experiment));
  call.bell.ring();
  return {200,
          {{"object", "pagination"},
           {"count", data.size()},
           {"data", data},
           {"paging", {{"before", nullptr}, {"after", nullptr}}}}};
}

Answer list_observations(Call& call) {
  require_known_query(call.query, paging_parameters());
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const auto observations = call.scheduler.observations(call.ids[0]);
  std::vector<PageRow> rows;
  for (const Observation& observation : observations)
    rows.push_back({observation.id, [&] { return to_json(observation, experiment); }});
  return {200, paginate(rows, call.query)};
}

Answer get_observation(Call& call) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  for (const Observation& observation : call.scheduler.observations(call.ids[0]))
    if (observation.id == call.ids[1])
      return {200, select_fields(to_json(observation, experiment), call.query)};
  throw experiment::NotFound(
      fmt::format("experiment {} has no observation {}", call.ids[0], call.ids[1]));
}

}  // namespace frugal::serve
