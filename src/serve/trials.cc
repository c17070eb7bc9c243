#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

// What every report says, besides fields of its own.
std::vector<std::string> report_fields(std::vector<std::string> own) {
  for (const char* key : {"fence", "wall_seconds", "cpu_seconds", "device_seconds",
                          "peak_memory_bytes", "waited_seconds"})
    own.emplace_back(key);
  return own;
}

experiment::Report read_report(const Fields& fields) {
  experiment::Report report{.value = fields.number("value"),
                            .value_stddev = fields.optional_number("value_stddev"),
                            .metadata = fields.object("metadata"),
                            .cost = fields.cost()};
  if (report.value_stddev.value_or(0) < 0)
    throw InputError("body: value_stddev must not be negative");
  return report;
}

Answer current(Call& call) {
  const auto trial = call.scheduler.trial(call.ids[0]);
  return {200, to_json(trial, call.scheduler.experiment(trial.experiment))};
}

// The trial as it is after a report that may have made room for another.
Answer changed(Call& call) {
  call.bell.ring();
  return current(call);
}

}  // namespace

Answer get_trial(Call& call) {
  return current(call);
}

Answer report_heartbeat(Call& call) {
  const Fields fields(call.body, report_fields({"progress"}));
  const bool go_on = call.scheduler.heartbeat(call.ids[0], fields.whole("fence"),
                                              fields.object("progress"), fields.cost());
  return {200, {{"object", "order"}, {"order", go_on ? "go_on" : "stop"}}};
}

Answer report_on_the_way(Call& call) {
  const Fields fields(call.body, report_fields({"task", "value", "value_stddev", "metadata"}));
  const auto experiment = call.scheduler.experiment(call.scheduler.trial(call.ids[0]).experiment);
  call.scheduler.observe_on_the_way(call.ids[0], fields.whole("fence"),
                                    experiment::task_named(experiment, fields.text("task")),
                                    read_report(fields));
  return changed(call);
}

Answer report_observation(Call& call) {
  const Fields fields(call.body, report_fields({"value", "value_stddev", "metadata"}));
  call.scheduler.observe(call.ids[0], fields.whole("fence"), read_report(fields));
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
