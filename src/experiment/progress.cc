#include "experiment/progress.h"

#include <algorithm>

namespace frugal::experiment {

bool is_on_the_way(const Observation& observation, const std::vector<Trial>& trials) {
  const auto trial =
      std::lower_bound(trials.begin(), trials.end(), observation.trial,
                       [](const Trial& candidate, Id id) { return candidate.id < id; });
  return trial != trials.end() && trial->id == observation.trial &&
         trial->suggestion.task != observation.point.task;
}

void Summary::add(const Observation& observation, const Experiment& experiment) {
  observation_count += 1;
  budget_consumed += experiment.tasks.at(observation.point.task).cost;
  if (!first) first = observation;
  last = observation;
  if (best) since_best += 1;
  if (observation.point.task != full_task(experiment)) return;
  if (!keeps_thresholds(observation, experiment)) return;
  const bool better = !best || (experiment.maximize ? *observation.value > *best->value
                                                    : *observation.value < *best->value);
  if (!better) return;
  best = observation;
  since_best = 0;
}

Summary summarize(const Experiment& experiment, const std::vector<Trial>& trials,
                  const std::vector<Observation>& observations) {
  Summary summary;
  for (const Observation& observation : observations)
    if (!is_on_the_way(observation, trials)) summary.add(observation, experiment);
  return summary;
}

std::map<Id, Observation> ends_of(const std::vector<Trial>& trials,
                                  const std::vector<Observation>& observations) {
  std::map<Id, Observation> ends;
  for (const Observation& observation : observations)
    if (observation.trial > 0 && !is_on_the_way(observation, trials))
      ends.insert_or_assign(observation.trial, observation);
  return ends;
}

std::map<Id, double> values_of(const std::vector<Trial>& trials,
                               const std::vector<Observation>& observations) {
  std::map<Id, double> values;
  for (const auto& [trial, end] : ends_of(trials, observations))
    if (end.value) values[trial] = *end.value;
  return values;
}

bool is_budget_reached(const Experiment& experiment, const Summary& summary) {
  // Costs such as 0.1 add up with rounding.
  return experiment.budget && summary.budget_consumed >= *experiment.budget - 1e-9;
}

}  // namespace frugal::experiment
