#include <algorithm>
#include <chrono>

#include "serve/fields.h"
#include "serve/handlers.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::ExperimentState;

// The scheduler may be asked from inside the process too, where no bell rings.
constexpr double kLookAgainSeconds = 1;

// The experiments that a worker may be given work of: the one in the path, or all.
std::vector<Experiment> candidates(const Call& call) {
  if (!call.ids.empty()) return {call.scheduler.experiment(call.ids[0])};
  return call.scheduler.experiments();
}

}  // namespace

Answer create_lease(Call& call) {
  const Fields fields(call.body, {"worker", "wait_seconds", "first"});
  const std::string worker = fields.text("worker");
  const double wait = fields.optional_number("wait_seconds").value_or(0);
  if (worker.empty() || worker.size() > 200)
    throw InputError("body: worker must have 1 to 200 characters");
  if (wait < 0) throw InputError("body: wait_seconds must not be negative");
  if (fields.flag("first", false)) call.scheduler.meet(worker);

  using SteadyClock = std::chrono::steady_clock;
  const auto deadline = SteadyClock::now() + std::chrono::duration<double>(
                                                 std::min(wait, call.options.max_wait_seconds));
  for (;;) {
    call.scheduler.expire();
    const auto experiments = candidates(call);
    const bool over = !experiments.empty() &&
                      std::all_of(experiments.begin(), experiments.end(), [](const auto& e) {
                        return e.state != ExperimentState::kActive;
                      });
    if (over) throw Refusal(410, "the experiment is over");
    for (const Experiment& experiment : experiments) {
      if (experiment.state != ExperimentState::kActive) continue;
      if (const auto trial = call.scheduler.lease(experiment.id, worker))
        return {200,
                {{"object", "lease"},
                 {"experiment", to_json(experiment)},
                 {"trial", to_json(*trial, experiment)},
                 {"heartbeat_seconds", call.options.heartbeat_seconds}}};
    }
    const double left = std::chrono::duration<double>(deadline - SteadyClock::now()).count();
    if (left <= 0 || call.bell.stopped()) return {204, {}};
    call.bell.wait(std::min(left, kLookAgainSeconds));
  }
}

}  // namespace frugal::serve
