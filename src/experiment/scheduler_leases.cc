// The scheduler's giving side: leases.
#include <fmt/format.h>

#include "experiment/scheduler_entry.h"

namespace frugal::experiment {

std::optional<Trial> Scheduler::lease(Id experiment, const std::string& worker) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  lose_trials_of(worker);
  for (;;) {
    if (stopping_ || e.experiment.search == Search::kPaused) break;
    if (e.experiment.parallel_bandwidth &&
        e.running() >= static_cast<std::size_t>(*e.experiment.parallel_bandwidth))
      break;
    if (Trial* waiting = next_waiting(e)) {
      Trial leased = *waiting;
      leased.state = TrialState::kRunning;
      leased.worker = worker;
      leased.fence += 1;
      leased.attempts += 1;
      if (leased.started == 0) leased.started = clock_.now_seconds();
      leased.lease_expires = clock_.now_seconds() + options_.lease_seconds;
      worker_time_.leased(worker, clock_.now_seconds());
      save(*waiting, leased);
      settle(lock);
      return leased;
    }
    if (!suggest_next(lock, e)) break;
  }
  settle(lock);
  return std::nullopt;
}

// A worker has one trial at a time: who asks for another has started anew, or never got the answer.
void Scheduler::lose_trials_of(const std::string& worker) {
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->live)
      if (trial.state == TrialState::kRunning && trial.worker == worker) {
        lost(*e, trial);
        break;  // at most one; and live may have changed
      }
}

void Scheduler::worker_is_gone(const std::string& worker) {
  Lock lock(mutex_);
  lose_trials_of(worker);
  settle(lock);
}

// The worker is gone without a word.
void Scheduler::lost(Entry& e, Trial& trial) {
  worker_time_.ended(trial.worker, clock_.now_seconds());
  Trial ended = trial;
  if (trial.reason == kHopeless) return end_by_forecast(e, trial, trial.attempt_cost);
  if (trial.attempts < options_.most_attempts || trial.reason == kStopped) {
    const auto state = trial.reason == kStopped ? TrialState::kFailed : TrialState::kPreempted;
    end_attempt(ended, state, priced(trial.attempt_cost), clock_.now_seconds());
    save(trial, ended);
    return;
  }
  end_attempt(ended, TrialState::kFailed, priced(trial.attempt_cost), clock_.now_seconds());
  ended.reason = fmt::format("its worker was lost {} times", trial.attempts);
  finish(e, trial, ended, nullptr);
}

std::size_t Scheduler::work_at_hand(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::size_t work = 0;
  for (const auto& [id, e] : entries_) {
    if (e->gone || e->experiment.of_runs || e->experiment.state != ExperimentState::kActive)
      continue;
    std::size_t possible = most;
    if (!e->searches() || e->is_waiting)
      possible = static_cast<std::size_t>(std::count_if(
          e->live.begin(), e->live.end(), [](const auto& item) { return !is_over(item.second); }));
    if (e->experiment.parallel_bandwidth)
      possible = std::min(possible, static_cast<std::size_t>(*e->experiment.parallel_bandwidth));
    work += possible;
  }
  return stopping_ ? 0 : std::min(work, most);
}

}  // namespace frugal::experiment
