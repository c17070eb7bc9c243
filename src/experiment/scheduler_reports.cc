// The scheduler's taking side: reports.
#include <fmt/format.h>

#include <algorithm>

#include "experiment/hopeless.h"
#include "experiment/scheduler_entry.h"

namespace frugal::experiment {

void end_attempt(Trial& trial, TrialState state, const Cost& cost, double now) {
  trial.state = state;
  trial.cost = sum(trial.cost, cost);
  trial.attempt_cost = {};
  trial.lease_expires = 0;
  if (is_over(trial)) trial.ended = now;
}

namespace {

TrialState state_after_release(const Trial& trial) {
  return trial.reason == kStopped ? TrialState::kFailed : TrialState::kPreempted;
}

}  // namespace

Trial& Scheduler::live_trial(Id id) const {
  const auto found = experiment_of_.find(id);
  if (found != experiment_of_.end()) return entry(found->second).live.at(id);
  if (store_.trial(id)) throw StaleLease(fmt::format("trial {} has ended", id));
  throw NotFound(fmt::format("there is no trial {}", id));
}

Trial& Scheduler::running(Id id, std::int64_t fence) {
  Trial& trial = live_trial(id);
  if (trial.fence != fence)
    throw StaleLease(fmt::format("trial {} was leased again since: its fence is {}, not {}", id,
                                 trial.fence, fence));
  if (trial.state != TrialState::kRunning)
    throw StaleLease(fmt::format("trial {} is {}, not running", id, to_string(trial.state)));
  return trial;
}

void Scheduler::save(Trial& trial, const Trial& changed, const Also& also) {
  entry(trial.experiment).revision.changes += 1;
  put([changed, also](Store& store) {
    store.update(changed);
    if (also) also(store, {changed.id});
  });
  trial = changed;
  if (is_over(trial)) leave(entry(trial.experiment), trial.id);
}

// What has ended needs no memory once that is on disk.
void Scheduler::leave(Entry& e, Id trial) {
  e.leaving.emplace_back(journal_->last(), trial);
  const Journal::Ticket on_disk = journal_->finished();
  for (; !e.leaving.empty() && e.leaving.front().first <= on_disk; e.leaving.pop_front()) {
    const Id id = e.leaving.front().second;
    const auto found = e.live.find(id);
    if (found == e.live.end() || !is_over(found->second)) continue;  // taken up again
    e.live.erase(found);
    experiment_of_.erase(id);
    e.passed.erase(e.passed.lower_bound({id, 0}), e.passed.lower_bound({id + 1, 0}));
  }
}

// report nullptr: the trial failed.
Observation Scheduler::observation_of(const Trial& trial, std::size_t task,
                                      const Report* report) const {
  Observation observation{.experiment = trial.experiment,
                          .trial = trial.id,
                          .point = {trial.suggestion.assignments, task},
                          .created = clock_.now_seconds()};
  if (report != nullptr) {
    observation.value = report->value;
    observation.value_stddev = report->value_stddev;
    observation.more_values = report->more_values;
    observation.metadata = report->metadata;
    observation.cost_seconds = report->cost.wall_seconds;
  }
  return observation;
}

// In memory; gives it its id.
void Scheduler::append(Entry& e, Observation& observation) {
  observation.id = ++last_.observation;
  e.revision.changes += 1;
  e.recent.add(observation, e.experiment.maximize);
  e.is_waiting = false;
  if (!observation.on_the_way) e.summary.add(observation, e.experiment);
  e.unprepared |= e.summary.observation_count >= e.prepare_at;
  if (e.unprepared || e.wants_ahead()) preparation_->wanted.notify_all();
}

// The trial's end and its observation, in one transaction.
void Scheduler::finish(Entry& e, Trial& trial, const Trial& ended, const Report* report) {
  Observation observation = observation_of(ended, ended.suggestion.task, report);
  append(e, observation);
  put([observation, ended](Store& store) {
    store.add(observation);
    store.update(ended);
  });
  trial = ended;
  leave(e, ended.id);
}

bool Scheduler::heartbeat(Id id, std::int64_t fence, const Json& progress, const Cost& cost) {
  Lock lock(mutex_);
  Trial& trial = running(id, fence);
  Trial alive = trial;
  alive.lease_expires = clock_.now_seconds() + options_.lease_seconds;
  alive.attempt_cost = priced(cost);
  if (!progress.is_null()) alive.progress = progress;
  if (alive.reason.empty() && is_hopeless(trial, alive)) alive.reason = kHopeless;
  const bool go_on = !stopping_ && !shall_end(alive) &&
                     entry(trial.experiment).experiment.state == ExperimentState::kActive;
  save(trial, alive);
  account(alive, cost);
  settle(lock);
  return go_on;
}

void Scheduler::stop_hopeless(double risk) {
  const std::lock_guard lock(mutex_);
  stop_risk_ = risk;
}

// Looked at once after each evaluation, so that the risk of each is taken once.
bool Scheduler::is_hopeless(const Trial& before, const Trial& now) const {
  if (stop_risk_ <= 0 || now.purpose != "search") return false;
  const Entry& e = entry(now.experiment);
  const Curve curve = curve_of(now.progress);
  if (curve == curve_of(before.progress)) return false;
  return hopeless(curve, ended_curves(e.recent.rows(), now.suggestion.task), e.experiment.maximize,
                  stop_risk_)
      .has_value();
}

void Scheduler::end_by_forecast(Entry& e, Trial& trial, const Cost& cost) {
  const Curve curve = curve_of(trial.progress);
  const auto forecast = forecast_end(curve, ended_curves(e.recent.rows(), trial.suggestion.task));
  Trial ended = trial;
  end_attempt(ended, TrialState::kDone, priced(cost), clock_.now_seconds());
  if (!forecast) {  // the curves that it was judged by were taken back since
    ended.state = TrialState::kFailed;
    ended.reason = kStopped;
    save(trial, ended);
  } else {
    const double share = curve.back().share;
    ended.reason = fmt::format(
        "stopped after {:.0f} % of the run, since its learning curve led to {:.4g} ± {:.2g}",
        100 * share, forecast->value, forecast->scale);
    Json metadata = {{kForecastKey, share}};
    if (trial.progress.contains("history")) metadata["history"] = trial.progress["history"];
    const Report report{.value = forecast->value,
                        .value_stddev = forecast->scale,
                        .metadata = std::move(metadata),
                        .cost = ended.cost};
    finish(e, trial, ended, &report);
  }
}

void Scheduler::observe_on_the_way(Id id, std::int64_t fence, std::size_t task,
                                   const Report& report) {
  Lock lock(mutex_);
  const Trial& trial = running(id, fence);
  Entry& e = entry(trial.experiment);
  if (task >= e.experiment.tasks.size())
    throw InputError(fmt::format("experiment {} has no task {}", trial.experiment, task));
  if (task == trial.suggestion.task)
    throw InputError(fmt::format("trial {} is of the task {} itself; observe it at its end", id,
                                 e.experiment.tasks[task].name));
  if (e.passed.emplace(id, task).second) {  // else seen before a resume
    Observation observation = observation_of(trial, task, &report);
    observation.on_the_way = true;
    append(e, observation);
    put([observation](Store& store) { store.add(observation); });
  }
  settle(lock);
}

void Scheduler::observe(Id id, std::int64_t fence, const Report& report) {
  Lock lock(mutex_);
  if (!has_ended(id, fence, TrialState::kDone)) {
    Trial& trial = running(id, fence);
    Trial ended = trial;
    ended.reason.clear();
    end_attempt(ended, TrialState::kDone, priced(report.cost), clock_.now_seconds());
    Report total = report;
    total.cost = ended.cost;
    finish(entry(trial.experiment), trial, ended, &total);
    account(ended, report.cost);
    worker_time_.ended(ended.worker, clock_.now_seconds());
  }
  settle(lock);
}

void Scheduler::fail(Id id, std::int64_t fence, const std::string& reason, const Cost& cost) {
  Lock lock(mutex_);
  if (!has_ended(id, fence, TrialState::kFailed)) {
    Trial& trial = running(id, fence);
    Trial ended = trial;
    end_attempt(ended, TrialState::kFailed, priced(cost), clock_.now_seconds());
    ended.reason = reason;
    finish(entry(trial.experiment), trial, ended, nullptr);
    account(ended, cost);
    worker_time_.ended(ended.worker, clock_.now_seconds());
  }
  settle(lock);
}

// By that very lease: the report is a repeated one.
bool Scheduler::has_ended(Id id, std::int64_t fence, TrialState state) const {
  const auto is_it = [&](const Trial& trial) {
    return trial.state == state && trial.fence == fence;
  };
  if (const auto found = experiment_of_.find(id); found != experiment_of_.end())
    return is_it(entry(found->second).live.at(id));
  const auto ended = store_.trial(id);
  return ended && is_it(*ended);
}

void Scheduler::release(Id id, std::int64_t fence, const std::string& checkpoint,
                        const Cost& cost) {
  Lock lock(mutex_);
  Trial& trial = running(id, fence);
  const Trial attempt = trial;
  if (trial.reason == kHopeless) {
    end_by_forecast(entry(trial.experiment), trial, cost);
  } else {
    Trial preempted = trial;
    end_attempt(preempted, state_after_release(trial), priced(cost), clock_.now_seconds());
    preempted.attempts -= 1;
    preempted.checkpoint = checkpoint;
    save(trial, preempted);
  }
  account(attempt, cost);
  worker_time_.ended(attempt.worker, clock_.now_seconds());
  settle(lock);
}

std::vector<Observation> Scheduler::record(Id experiment, std::vector<Outside> rows,
                                           const Also& also) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  std::map<Id, Trial> ended;
  for (auto& [suggestion, observation] : rows) {
    observation.experiment = experiment;
    observation.created = clock_.now_seconds();
    if (suggestion == 0) continue;
    const auto found = e.live.find(suggestion);
    std::optional<Trial> trial;
    if (found != e.live.end())
      trial = found->second;
    else
      trial = store_.trial(suggestion);
    if (!trial || trial->experiment != experiment)
      throw NotFound(fmt::format("experiment {} has no suggestion {}", experiment, suggestion));
    observation.trial = trial->id;
    observation.point = trial->suggestion;
    if (is_over(*trial)) continue;
    const auto [row, first] = ended.emplace(trial->id, *trial);
    if (first)
      end_attempt(row->second, observation.value ? TrialState::kDone : TrialState::kFailed, {},
                  clock_.now_seconds());
  }
  std::vector<Observation> recorded;
  std::vector<Id> ids;
  for (Outside& row : rows) {
    append(e, row.observation);
    ids.push_back(row.observation.id);
    recorded.push_back(row.observation);
  }
  put([recorded, ended, also, ids](Store& store) {
    for (const Observation& observation : recorded) store.add(observation);
    for (const auto& [id, trial] : ended) store.update(trial);
    if (also) also(store, ids);
  });
  for (auto& [id, trial] : ended) {
    e.live.at(id) = std::move(trial);
    leave(e, id);
  }
  settle(lock);
  return recorded;
}

Observation Scheduler::record(Id experiment, Id suggestion_trial, Observation observation) {
  return record(experiment, {{suggestion_trial, std::move(observation)}}).front();
}

std::vector<Observation> Scheduler::revise(Id experiment, const std::vector<Id>& observations,
                                           const std::function<void(Observation&)>& change) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  std::vector<Observation> changed;
  for (const Id id : observations) {
    auto found = store_.observations(RowQuery{.experiment = experiment, .only = id});
    if (found.empty())
      throw NotFound(fmt::format("experiment {} has no observation {}", experiment, id));
    change(found[0]);
    changed.push_back(std::move(found[0]));
  }
  put([changed](Store& store) {
    for (const Observation& observation : changed) store.update(observation);
  });
  settle(lock);
  lock.lock();
  learn_anew(lock, e);
  return changed;
}

std::size_t Scheduler::expire() {
  Lock lock(mutex_);
  const double now = clock_.now_seconds();
  std::vector<std::pair<Entry*, Id>> expired;  // first: ending a trial changes what is live
  for (auto& [experiment, e] : entries_)
    for (const auto& [id, trial] : e->live)
      if (!is_over(trial) && trial.lease_expires > 0 && trial.lease_expires < now)
        expired.emplace_back(e.get(), id);
  for (const auto& [e, id] : expired) {
    Trial& trial = e->live.at(id);
    if (trial.state == TrialState::kRunning) {
      lost(*e, trial);
      continue;
    }
    Trial given_up = trial;
    given_up.reason = "given up: nothing was observed of it in time";
    end_attempt(given_up, TrialState::kFailed, {}, now);
    save(trial, given_up);
  }
  if (!expired.empty()) settle(lock);
  return expired.size();
}

void Scheduler::take_back_all() {
  Lock lock(mutex_);
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->live) {
      if (trial.state != TrialState::kRunning) continue;
      Trial preempted = trial;
      end_attempt(preempted, state_after_release(trial), priced(trial.attempt_cost),
                  clock_.now_seconds());
      preempted.attempts -= 1;
      save(trial, preempted);
    }
  settle(lock);
}

void Scheduler::ask_to_stop(bool stop) {
  const std::lock_guard lock(mutex_);
  stopping_ = stop;
}

}  // namespace frugal::experiment
