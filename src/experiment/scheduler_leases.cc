// The scheduler's giving side: suggestions and leases.
#include <fmt/format.h>

#include "experiment/scheduler_entry.h"

namespace frugal::experiment {

// --- suggestions ---

// Runs work(suggester, history) outside of the lock.
template <typename Work>
auto Scheduler::with_suggester(Lock& lock, Entry& e, Work work) {
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  e.busy = true;
  const Experiment experiment = e.experiment;
  const optimizer::History history = e.history();
  const auto release = [&] {
    lock.lock();
    e.busy = false;
    preparation_->idle.notify_all();
    preparation_->wanted.notify_all();  // for what came meanwhile
  };
  lock.unlock();
  try {
    if (e.suggester == nullptr)
      e.suggester =
          optimizer::make_suggester(experiment.suggester, problem_of(experiment), experiment.seed);
    auto result = work(*e.suggester, history);
    release();
    return result;
  } catch (...) {
    release();
    throw;
  }
}

// The suggester goes on while the fit runs.
void Scheduler::fit_ahead(Lock& lock, Entry& e) {
  auto fit = with_suggester(lock, e, [](optimizer::Suggester& suggester, const auto& history) {
    return suggester.prepare(history);
  });
  if (fit == nullptr) return;
  lock.unlock();
  try {
    fit->run();
  } catch (...) {
    lock.lock();
    throw;
  }
  lock.lock();
  with_suggester(lock, e, [&](optimizer::Suggester& suggester, const auto&) {
    suggester.take(std::move(fit));
    return true;
  });
}

// The thread of Preparation.
void Scheduler::prepare() {
  Lock lock(mutex_);
  const auto next = [this]() -> Entry* {
    for (const auto& [id, e] : entries_)
      if (e->unprepared && !e->busy && e->searches()) return e.get();
    return nullptr;
  };
  for (;;) {
    Entry* e = nullptr;
    preparation_->wanted.wait(lock,
                              [&] { return preparation_->ending || (e = next()) != nullptr; });
    if (preparation_->ending) return;
    e->unprepared = false;
    try {
      fit_ahead(lock, *e);
    } catch (const Error&) {
      // Whoever asks for the next suggestion meets it again, and can be told.
    }
  }
}

bool Scheduler::suggest_next(Lock& lock, Entry& e) {
  if (!e.searches()) return false;
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  RandomStream random = e.random();
  const auto suggestions =
      with_suggester(lock, e, [&](optimizer::Suggester& suggester, const auto& history) {
        return suggester.suggest(history, 1, random);
      });
  if (suggestions.empty()) return false;
  e.search_over = admission_ && !admission_(e.experiment, e.experiment.tasks[suggestions[0].task]);
  if (e.search_over) return false;
  add_trial(e, {.experiment = e.experiment.id, .suggestion = suggestions[0]});
  return true;
}

Trial& Scheduler::add_trial(Entry& e, Trial trial) {
  trial.created = clock_.now_seconds();
  store_.transact([&] { trial.id = store_.add(trial); });
  return e.trials.emplace(trial.id, trial).first->second;
}

Trial Scheduler::queue(Id experiment, const optimizer::Suggestion& suggestion, Json metadata) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  e.experiment.space.validate(suggestion.assignments);
  return add_trial(e, {.experiment = experiment,
                       .suggestion = suggestion,
                       .purpose = "queued",
                       .metadata = std::move(metadata)});
}

void Scheduler::withdraw(Id experiment, const std::function<bool(const Trial&)>& chosen,
                         const std::string& reason) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, trial] : entry(experiment).trials) {
    if (trial.state != TrialState::kOpen || trial.started != 0 || trial.purpose != "queued")
      continue;
    if (!chosen(trial)) continue;
    Trial withdrawn = trial;
    withdrawn.state = TrialState::kFailed;
    withdrawn.reason = reason;
    withdrawn.ended = clock_.now_seconds();
    save(trial, withdrawn);
  }
}

Trial* Scheduler::next_waiting(Entry& e) {
  const auto first = [&](auto&& wanted) -> Trial* {
    for (auto& [id, trial] : e.trials)
      if (wanted(trial)) return &trial;
    return nullptr;
  };
  if (Trial* preempted =
          first([](const Trial& trial) { return trial.state == TrialState::kPreempted; }))
    return preempted;
  return first(
      [](const Trial& trial) { return trial.state == TrialState::kOpen && trial.started == 0; });
}

Trial Scheduler::suggest(Id experiment) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  for (;;) {
    if (Trial* waiting = next_waiting(e); waiting && waiting->state == TrialState::kOpen) {
      Trial begun = *waiting;
      begun.started = clock_.now_seconds();  // so that no worker is given it too
      return save(*waiting, begun);
    }
    if (!suggest_next(lock, e))
      throw InputError(fmt::format("experiment {} has no suggestion left", experiment));
  }
}

std::optional<optimizer::Assignments> Scheduler::recommend(Id experiment) {
  Lock lock(mutex_);
  return with_suggester(lock, entry(experiment),
                        [](optimizer::Suggester& suggester, const auto& history) {
                          return suggester.recommend(history);
                        });
}

// --- leases ---

std::optional<Trial> Scheduler::lease(Id experiment, const std::string& worker) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  lose_trials_of(worker);
  for (;;) {
    if (stopping_) return std::nullopt;
    if (e.experiment.parallel_bandwidth &&
        e.running() >= static_cast<std::size_t>(*e.experiment.parallel_bandwidth))
      return std::nullopt;
    if (Trial* waiting = next_waiting(e)) {
      Trial leased = *waiting;
      leased.state = TrialState::kRunning;
      leased.worker = worker;
      leased.fence += 1;
      leased.attempts += 1;
      if (leased.started == 0) leased.started = clock_.now_seconds();
      leased.lease_expires = clock_.now_seconds() + options_.lease_seconds;
      worker_time_.leased(worker, clock_.now_seconds());
      return save(*waiting, leased);
    }
    if (!suggest_next(lock, e)) return std::nullopt;
  }
}

// A worker has one trial at a time: who asks for another has started anew, or never got the answer.
void Scheduler::lose_trials_of(const std::string& worker) {
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->trials)
      if (trial.state == TrialState::kRunning && trial.worker == worker) lost(*e, trial);
}

// The worker is gone without a word.
void Scheduler::lost(Entry& e, Trial& trial) {
  worker_time_.ended(trial.worker, clock_.now_seconds());
  Trial ended = trial;
  if (trial.attempts < options_.most_attempts) {
    end_attempt(ended, TrialState::kPreempted, priced(trial.attempt_cost), clock_.now_seconds());
    save(trial, ended);
    return;
  }
  end_attempt(ended, TrialState::kFailed, priced(trial.attempt_cost), clock_.now_seconds());
  ended.reason = fmt::format("its worker was lost {} times", trial.attempts);
  finish(e, trial, ended, nullptr);
}

std::size_t Scheduler::expire() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  const double now = clock_.now_seconds();
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->trials)
      if (trial.state == TrialState::kRunning && trial.lease_expires < now) {
        lost(*e, trial);
        ++count;
      }
  return count;
}

void Scheduler::take_back_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->trials) {
      if (trial.state != TrialState::kRunning) continue;
      Trial preempted = trial;
      end_attempt(preempted, TrialState::kPreempted, priced(trial.attempt_cost),
                  clock_.now_seconds());
      preempted.attempts -= 1;
      save(trial, preempted);
    }
}

void Scheduler::ask_to_stop(bool stop) {
  const std::lock_guard lock(mutex_);
  stopping_ = stop;
}

}  // namespace frugal::experiment
