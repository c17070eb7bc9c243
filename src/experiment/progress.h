// How far an experiment is, from its rows. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

// An observation that a trial made on its way, at a cheaper task than its own. It costs no budget.
bool is_on_the_way(const Observation& observation, const std::vector<Trial>& trials);

struct Summary {
  std::size_t observation_count = 0;  // without those on the way
  double budget_consumed = 0;         // sum of their tasks' costs: full-task costs
  std::optional<Observation> first, last;
  std::optional<Observation> best;  // of the full task, by value, inside the thresholds
  std::size_t since_best = 0;       // observations that came after it

  void add(const Observation& observation, const Experiment& experiment);  // not one on the way
};
// trials and observations by ascending id.
Summary summarize(const Experiment& experiment, const std::vector<Trial>& trials,
                  const std::vector<Observation>& observations);

// What ended each trial: the observation of its own task, by the trial's id.
std::map<Id, Observation> ends_of(const std::vector<Trial>& trials,
                                  const std::vector<Observation>& observations);
// The values among them, of those that succeeded.
std::map<Id, double> values_of(const std::vector<Trial>& trials,
                               const std::vector<Observation>& observations);

bool is_budget_reached(const Experiment& experiment, const Summary& summary);

}  // namespace frugal::experiment
