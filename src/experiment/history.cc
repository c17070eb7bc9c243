#include "experiment/history.h"

namespace frugal::experiment {
namespace {

// Mean measured seconds for each unit of task cost; 0 before the first success.
double seconds_of_full_task(const Experiment& experiment,
                            const std::vector<Observation>& observations) {
  double seconds = 0, cost = 0;
  for (const auto& observation : observations) {
    if (!observation.value || observation.cost_seconds <= 0) continue;
    seconds += observation.cost_seconds;
    cost += experiment.tasks[observation.point.task].cost;
  }
  return cost > 0 ? seconds / cost : 0;
}

}  // namespace

optimizer::Problem problem_of(const Experiment& experiment) {
  return {experiment.space, experiment.maximize, experiment.tasks, experiment.budget};
}

optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations) {
  optimizer::History history;
  const double full_seconds = seconds_of_full_task(experiment, observations);
  for (const auto& observation : observations) {
    optimizer::Observation seen{observation.point.assignments, observation.point.task,
                                observation.value, observation.value_stddev, std::nullopt};
    if (observation.cost_seconds > 0 && full_seconds > 0)
      seen.cost = observation.cost_seconds / full_seconds;
    history.observations.push_back(std::move(seen));
  }
  for (const auto& [id, trial] : trials)
    if (trial.state != TrialState::kDone && trial.state != TrialState::kFailed)
      history.open.push_back(trial.suggestion);
  return history;
}

}  // namespace frugal::experiment
