// The scheduler's suggestions: asked for, queued, and computed ahead.
#include <fmt/format.h>

#include "experiment/scheduler_entry.h"

namespace frugal::experiment {
namespace {

constexpr std::size_t kMostAhead = 32;

// Another client has it already.
bool is_open(const optimizer::Suggestion& suggestion, const std::map<Id, Trial>& live) {
  return std::any_of(live.begin(), live.end(), [&](const auto& item) {
    return !is_over(item.second) && item.second.suggestion == suggestion;
  });
}

}  // namespace

// Runs work(suggester, history) outside of the lock.
template <typename Work>
auto Scheduler::with_suggester(Lock& lock, Entry& e, Work work) {
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  e.busy = true;
  const auto release = [&] {
    if (!lock.owns_lock()) lock.lock();
    e.busy = false;
    preparation_->idle.notify_all();
    preparation_->wanted.notify_all();  // for what came meanwhile
  };
  try {
    if (e.suggester == nullptr)
      e.suggester = optimizer::make_suggester(e.experiment.suggester, problem_of(e.experiment),
                                              e.experiment.seed);
    const optimizer::History& history =
        e.history.of(e.experiment, e.live, e.recent.rows(), e.recent.version());
    lock.unlock();
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

// As many as were asked for since the last time.
void Scheduler::suggest_ahead(Lock& lock, Entry& e) {
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  const std::size_t observed = e.summary.observation_count;
  const std::size_t wanted = std::clamp(e.ahead.asked, std::size_t{1}, kMostAhead);
  e.ahead.asked = 0;
  e.ahead.given.clear();
  e.ahead.trials = e.trials;
  RandomStream random = e.random();
  auto suggestions =
      with_suggester(lock, e, [&](optimizer::Suggester& suggester, const auto& history) {
        return suggester.suggest(history, wanted, random);
      });
  const auto& given = e.ahead.given;
  std::erase_if(suggestions, [&](const auto& made) {
    return is_open(made, e.live) || std::find(given.begin(), given.end(), made) != given.end();
  });
  e.ahead.suggestions.assign(suggestions.begin(), suggestions.end());
  e.ahead.observed = observed;
}

// The thread of Preparation.
void Scheduler::prepare() {
  Lock lock(mutex_);
  const auto next = [this]() -> Entry* {
    for (const auto& [id, e] : entries_)
      if (!e->gone && !e->busy && e->searches() && (e->unprepared || e->wants_ahead()))
        return e.get();
    return nullptr;
  };
  for (;;) {
    Entry* e = nullptr;
    preparation_->wanted.wait(lock,
                              [&] { return preparation_->ending || (e = next()) != nullptr; });
    if (preparation_->ending) return;
    try {
      if (e->wants_ahead()) suggest_ahead(lock, *e);
      if (e->unprepared) {
        e->unprepared = false;
        const std::size_t observed = e->summary.observation_count;
        e->prepare_at = observed + 1 + observed / 50;
        fit_ahead(lock, *e);
      }
    } catch (const Error&) {
      // Whoever asks for the next suggestion meets it again, and can be told.
      e->ahead.wanted = false;
      e->unprepared = false;
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
  e.is_waiting = suggestions.empty();
  if (suggestions.empty()) return false;
  e.search_over = admission_ && !admission_(e.experiment, e.experiment.tasks[suggestions[0].task]);
  if (e.search_over) return false;
  add_trial(e, {.experiment = e.experiment.id, .suggestion = suggestions[0]});
  return true;
}

Trial& Scheduler::add_trial(Entry& e, Trial trial, const Also& also) {
  trial.created = clock_.now_seconds();
  trial.id = ++last_.trial;
  put([trial, also](Store& store) {
    store.add(trial);
    if (also) also(store, {trial.id});
  });
  experiment_of_[trial.id] = e.experiment.id;
  e.trials += 1;
  e.revision.changes += 1;
  return e.live.emplace(trial.id, std::move(trial)).first->second;
}

Trial Scheduler::queue(Id experiment, const optimizer::Suggestion& suggestion, Json metadata,
                       const Also& also) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  e.experiment.space.validate(suggestion.assignments);
  const Trial queued = add_trial(e,
                                 {.experiment = experiment,
                                  .suggestion = suggestion,
                                  .purpose = "queued",
                                  .metadata = std::move(metadata)},
                                 also);
  settle(lock);
  return queued;
}

void Scheduler::withdraw(Id experiment, const std::function<bool(const Trial&)>& chosen,
                         const std::string& reason) {
  Lock lock(mutex_);
  std::vector<Trial*> withdrawn;
  for (auto& [id, trial] : entry(experiment).live)
    if (trial.state == TrialState::kOpen && trial.started == 0 && trial.purpose == "queued" &&
        chosen(trial))
      withdrawn.push_back(&trial);
  for (Trial* trial : withdrawn) {
    Trial failed = *trial;
    failed.state = TrialState::kFailed;
    failed.reason = reason;
    failed.ended = clock_.now_seconds();
    save(*trial, failed);
  }
  settle(lock);
}

// Open, and begun by nobody.
Trial* Scheduler::next_open(Entry& e) {
  const auto found = std::find_if(e.live.begin(), e.live.end(), [](const auto& item) {
    return item.second.state == TrialState::kOpen && item.second.started == 0;
  });
  return found == e.live.end() ? nullptr : &found->second;
}

Trial* Scheduler::next_waiting(Entry& e) {
  const auto preempted = std::find_if(e.live.begin(), e.live.end(), [](const auto& item) {
    return item.second.state == TrialState::kPreempted;
  });
  return preempted == e.live.end() ? next_open(e) : &preempted->second;
}

// One made ahead, or made now. nullopt: there is none, or it is not admitted.
std::optional<optimizer::Suggestion> Scheduler::next_point(Lock& lock, Entry& e) {
  if (!e.searches()) return std::nullopt;
  e.ahead.asked += 1;
  e.ahead.wanted = true;
  const auto is_of_use = [&] {
    return e.ahead.is_of_use(e.summary.observation_count, e.live.size());
  };
  if (!is_of_use() && e.busy)  // whoever keeps it busy may be making one
    preparation_->idle.wait(lock, [&] { return !e.busy; });
  if (!is_of_use()) suggest_ahead(lock, e);
  if (e.ahead.suggestions.empty()) return std::nullopt;
  optimizer::Suggestion point = std::move(e.ahead.suggestions.front());
  e.ahead.suggestions.pop_front();
  e.ahead.given.push_back(point);
  if (e.ahead.suggestions.empty()) preparation_->wanted.notify_all();
  e.search_over = admission_ && !admission_(e.experiment, e.experiment.tasks[point.task]);
  if (e.search_over) return std::nullopt;
  return point;
}

Trial Scheduler::suggest(Id experiment, const SuggestOptions& options, const Also& also) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  const double seconds = options.seconds.value_or(options_.suggestion_seconds);
  const auto begin = [&](Trial& trial) {
    trial.started = clock_.now_seconds();  // so that no worker is given it too
    if (seconds > 0) trial.lease_expires = trial.started + seconds;
    if (!options.metadata.empty()) trial.metadata = options.metadata;
  };
  Trial* const waiting = options.point ? nullptr : next_open(e);
  Trial begun;
  if (waiting != nullptr) {
    begun = *waiting;
    begin(begun);
    save(*waiting, begun, also);
  } else {
    auto point = options.point ? options.point : next_point(lock, e);
    if (!point) throw InputError(fmt::format("experiment {} has no suggestion left", experiment));
    begun.experiment = experiment;
    begun.suggestion = std::move(*point);
    begin(begun);
    begun = add_trial(e, begun, also);
  }
  settle(lock);
  return begun;
}

void Scheduler::give_up(Id id, const std::string& reason, const Also& also) {
  Lock lock(mutex_);
  const auto found = experiment_of_.find(id);
  Trial* const trial = found == experiment_of_.end() ? nullptr : &entry(found->second).live.at(id);
  if (trial == nullptr || is_over(*trial)) {
    put([id, also](Store& store) {
      if (also) also(store, {id});
    });
  } else {
    Trial given_up = *trial;
    given_up.reason = reason;
    end_attempt(given_up, TrialState::kFailed, {}, clock_.now_seconds());
    save(*trial, given_up, also);
  }
  settle(lock);
}

void Scheduler::stop(Id id) {
  Lock lock(mutex_);
  Trial& trial = live_trial(id);
  if (is_over(trial)) throw StaleLease(fmt::format("trial {} has ended", id));
  Trial stopped = trial;
  stopped.reason = kStopped;
  if (trial.state != TrialState::kRunning)
    end_attempt(stopped, TrialState::kFailed, {}, clock_.now_seconds());
  save(trial, stopped);
  settle(lock);
}

void Scheduler::take_up(Id id, const Also& also) {
  Lock lock(mutex_);
  const auto found = experiment_of_.find(id);
  std::optional<Trial> trial =
      found == experiment_of_.end() ? store_.trial(id) : entry(found->second).live.at(id);
  if (!trial) throw NotFound(fmt::format("there is no trial {}", id));
  if (is_over(*trial)) {
    trial->state = TrialState::kOpen;
    trial->reason.clear();
    trial->ended = 0;
  }
  put([trial = *trial, also](Store& store) {
    store.update(trial);
    if (also) also(store, {trial.id});
  });
  Entry& e = entry(trial->experiment);
  e.live.insert_or_assign(id, *trial);
  e.revision.changes += 1;
  e.revision.rewritings += 1;
  experiment_of_[id] = trial->experiment;
  settle(lock);
}

void Scheduler::delete_trials(Id experiment, const std::vector<Id>& trials) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  for (const Id id : trials) {
    const auto live = e.live.find(id);
    std::optional<Trial> trial = live == e.live.end() ? store_.trial(id) : live->second;
    if (!trial || trial->experiment != experiment)
      throw NotFound(fmt::format("experiment {} has no suggestion {}", experiment, id));
    trial->deleted = true;
    e.revision.changes += 1;
    e.revision.rewritings += 1;
    if (!is_over(*trial)) {
      trial->reason = "deleted";
      end_attempt(*trial, TrialState::kFailed, {}, clock_.now_seconds());
    }
    if (live != e.live.end())
      save(live->second, *trial);
    else
      put([trial = *trial](Store& store) { store.update(trial); });
  }
  settle(lock);
}

Trial Scheduler::set_metadata(Id id, Json metadata) {
  Lock lock(mutex_);
  const auto found = experiment_of_.find(id);
  std::optional<Trial> trial =
      found == experiment_of_.end() ? store_.trial(id) : entry(found->second).live.at(id);
  if (!trial) throw NotFound(fmt::format("there is no suggestion {}", id));
  trial->metadata = std::move(metadata);
  if (found != experiment_of_.end())
    save(entry(found->second).live.at(id), *trial);
  else
    put([trial = *trial](Store& store) { store.update(trial); });
  settle(lock);
  return *trial;
}

std::optional<optimizer::Assignments> Scheduler::recommend(Id experiment) {
  Lock lock(mutex_);
  return with_suggester(lock, entry(experiment),
                        [](optimizer::Suggester& suggester, const auto& history) {
                          return suggester.recommend(history);
                        });
}

}  // namespace frugal::experiment
