#include <algorithm>

#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::ExperimentState;

// The experiments that a worker may be given work of: the one in the path, or all.
std::vector<Experiment> candidates(const Call& call) {
  if (!call.ids.empty()) return {call.scheduler.experiment(call.ids[0])};
  auto all = call.scheduler.experiments();
  std::erase_if(all, [](const Experiment& experiment) { return experiment.of_runs; });
  return all;
}

bool is_over(const Experiment& experiment, const experiment::Scheduler& scheduler) {
  if (experiment.state != ExperimentState::kActive) return true;
  return experiment.search == experiment::Search::kEnding &&
         scheduler.open_trials(experiment.id) == 0;
}

}  // namespace

Answer create_lease(Call& call) {
  const Fields fields(call.body, {"worker", "wait_seconds", "first"});
  const std::string worker = fields.text("worker");
  const double wait = fields.optional_number("wait_seconds").value_or(0);
  if (worker.empty() || worker.size() > 200)
    throw InputError("body: worker must have 1 to 200 characters");
  if (wait < 0) throw InputError("body: wait_seconds must not be negative");
  if (fields.flag("first", false) && !call.was_parked) call.scheduler.meet(worker);

  call.scheduler.expire();
  const auto experiments = candidates(call);
  const bool over =
      !experiments.empty() &&
      std::all_of(experiments.begin(), experiments.end(), [&](const Experiment& experiment) {
        return is_over(experiment, call.scheduler);
      });
  if (over) throw Refusal(410, "the experiment is over");
  for (const Experiment& experiment : experiments) {
    if (experiment.state != ExperimentState::kActive) continue;
    if (const auto trial = call.scheduler.lease(experiment.id, worker)) {
      call.services.workers.heard(*trial);
      return {200,
              {{"object", "lease"},
               {"experiment", to_json(experiment)},
               {"trial", to_json(*trial, experiment)},
               {"heartbeat_seconds", call.services.options.heartbeat_seconds}}};
    }
  }
  call.services.workers.asked(worker);
  const double patience = std::min(wait, call.services.options.max_wait_seconds);
  if (call.last_time || call.waited_seconds >= patience) return {.status = 204};
  return {.park = true};
}

}  // namespace frugal::serve
