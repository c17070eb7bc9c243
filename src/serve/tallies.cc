#include "serve/tallies.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Id;
using experiment::Observation;
using experiment::RowQuery;
using experiment::Trial;
using experiment::TrialState;

constexpr std::size_t kMostImprovements = 60;

bool is_over(const Trial& trial) {
  return trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
}

void count(const Trial& trial, Tally& tally) {
  tally.cost = sum(tally.cost, sum(trial.cost, trial.attempt_cost));
  if (trial.state == TrialState::kDone) tally.done += 1;
  if (trial.state == TrialState::kFailed) tally.failed += 1;
}

}  // namespace

void Tallies::add_trials(Entry& entry, const Experiment& experiment, const std::set<Id>& live,
                         experiment::Store& store) {
  for (auto open = entry.open.begin(); open != entry.open.end();) {
    const auto trial = live.contains(*open) ? std::nullopt : store.trial(*open);
    const bool ended = trial && is_over(*trial);
    if (ended) count(*trial, entry.tally);
    open = ended ? entry.open.erase(open) : std::next(open);
  }
  for (const Trial& trial : store.trials(RowQuery{
           .experiment = experiment.id, .after = entry.last_trial, .deleted = std::nullopt})) {
    entry.last_trial = trial.id;
    if (is_over(trial))
      count(trial, entry.tally);
    else
      entry.open.insert(trial.id);
  }
}

void Tallies::add_observations(Entry& entry, const Experiment& experiment,
                               experiment::Store& store) {
  store.each_observation(
      {.experiment = experiment.id, .after = entry.last_observation},
      [&](const Observation& observation) {
        entry.last_observation = observation.id;
        if (observation.on_the_way) return;
        entry.observations += 1;
        if (observation.point.task != full_task(experiment) ||
            !keeps_thresholds(observation, experiment))
          return;
        auto& improved = entry.tally.improved;
        const double value = *observation.value;
        if (!improved.empty() && (experiment.maximize ? value <= improved.back().second
                                                      : value >= improved.back().second))
          return;
        improved.emplace_back(entry.observations, value);
        if (improved.size() > kMostImprovements) improved.erase(improved.begin() + 1);
      });
}

Tally Tallies::of(const Experiment& experiment, const experiment::Scheduler& scheduler,
                  const experiment::Revision& revision) {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    auto& place = entries_[experiment.id];
    if (place == nullptr) place = std::make_unique<Entry>();
    entry = place.get();
  }
  const std::lock_guard lock(entry->mutex);
  if (entry->rewritings != revision.rewritings) {
    entry->rewritings = revision.rewritings;
    entry->last_trial = entry->last_observation = -1;
    entry->open.clear();
    entry->observations = 0;
    entry->tally = {};
  }
  const auto trials = scheduler.live_trials(experiment.id);
  std::set<Id> live;
  for (const Trial& trial : trials) live.insert(trial.id);
  add_trials(*entry, experiment, live, scheduler.store());
  add_observations(*entry, experiment, scheduler.store());
  Tally tally = entry->tally;
  for (const Trial& trial : trials) {
    count(trial, tally);
    const bool begun = trial.state == TrialState::kRunning ||
                       (trial.state == TrialState::kOpen && trial.started > 0);
    ++(begun ? tally.running : tally.waiting);
  }
  return tally;
}

}  // namespace frugal::serve
