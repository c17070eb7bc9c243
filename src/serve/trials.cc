#include <utility>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/points.h"

namespace frugal::serve {
namespace {

// What every report says, besides fields of its own.
std::vector<std::string> report_fields(std::vector<std::string> own) {
  for (const char* key : {"fence", "wall_seconds", "cpu_seconds", "device_seconds",
                          "peak_memory_bytes", "waited_seconds"})
    own.emplace_back(key);
  return own;
}

// value, value_stddev; or values of every metric.
experiment::Report read_report(const Fields& fields, const experiment::Experiment& experiment) {
  experiment::Observation read;
  read_values(fields, experiment, read);
  return {.value = *read.value,
          .value_stddev = read.value_stddev,
          .more_values = std::move(read.more_values),
          .metadata = fields.object("metadata"),
          .cost = fields.cost()};
}

experiment::Experiment experiment_of_trial(const Call& call) {
  return call.scheduler.experiment(call.scheduler.trial(call.ids[0]).experiment);
}

Answer current(Call& call) {
  const auto trial = call.scheduler.trial(call.ids[0]);
  return {200, to_json(trial, call.scheduler.experiment(trial.experiment))};
}

// The trial as it is after a report that may have made room for another.
Answer changed(Call& call) {
  call.services.ring();
  const auto trial = call.scheduler.trial(call.ids[0]);
  if (trial.state == experiment::TrialState::kRunning)
    call.services.workers.heard(trial);
  else
    call.services.workers.ended(trial);
  return {200, to_json(trial, call.scheduler.experiment(trial.experiment))};
}

}  // namespace

Answer get_trial(Call& call) {
  return current(call);
}

Answer report_heartbeat(Call& call) {
  const Fields fields(call.body, report_fields({"progress"}));
  const bool go_on = call.scheduler.heartbeat(call.ids[0], fields.whole("fence"),
                                              fields.object("progress"), fields.cost());
  call.services.workers.heard(call.scheduler.trial(call.ids[0]));
  return {200, {{"object", "order"}, {"order", go_on ? "go_on" : "stop"}}};
}

Answer report_on_the_way(Call& call) {
  const Fields fields(call.body, report_fields({"task", "value", "value_stddev", "metadata"}));
  const auto experiment = experiment_of_trial(call);
  call.scheduler.observe_on_the_way(call.ids[0], fields.whole("fence"),
                                    experiment::task_named(experiment, fields.text("task")),
                                    read_report(fields, experiment));
  return changed(call);
}

Answer report_observation(Call& call) {
  const Fields fields(call.body, report_fields({"value", "value_stddev", "values", "metadata"}));
  call.scheduler.observe(call.ids[0], fields.whole("fence"),
                         read_report(fields, experiment_of_trial(call)));
  return changed(call);
}

Answer report_failure(Call& call) {
  const Fields fields(call.body, report_fields({"reason"}));
  call.scheduler.fail(call.ids[0], fields.whole("fence"), fields.text("reason"), fields.cost());
  return changed(call);
}

Answer report_release(Call& call) {
  const Fields fields(call.body, report_fields({"checkpoint"}));
  call.scheduler.release(call.ids[0], fields.whole("fence"), fields.text("checkpoint", ""),
                         fields.cost());
  return changed(call);
}

}  // namespace frugal::serve
