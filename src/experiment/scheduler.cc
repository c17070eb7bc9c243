// The scheduler's experiments, and its taking side: reports.
#include "experiment/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiment/scheduler_entry.h"

namespace frugal::experiment {
namespace {

constexpr const char* kWorkersKey = "workers";  // of the store: what an attempt costs

}  // namespace

void end_attempt(Trial& trial, TrialState state, const Cost& cost, double now) {
  trial.state = state;
  trial.cost = sum(trial.cost, cost);
  trial.attempt_cost = {};
  trial.lease_expires = 0;
  if (state == TrialState::kDone || state == TrialState::kFailed) trial.ended = now;
}

Scheduler::Scheduler(Store& store, const Clock& clock, SchedulerOptions options)
    : store_(store),
      clock_(clock),
      options_(options),
      preparation_(std::make_unique<Preparation>()) {
  for (auto& experiment : store_.experiments()) {
    auto entry = std::make_unique<Entry>(Entry{.experiment = experiment});
    for (auto& trial : store_.trials(experiment.id)) entry->trials.emplace(trial.id, trial);
    entry->observations = store_.observations(experiment.id);
    entries_.emplace(experiment.id, std::move(entry));
  }
  if (const auto stored = store_.value(kWorkersKey)) {
    const Json workers = parse_json(*stored, "the store's workers");
    worker_share_ = workers.value("share", 0.0);
    dollars_per_hour_ = workers.value("dollars_per_hour", 0.0);
  }
  preparation_->thread = std::thread([this] { prepare(); });
}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    preparation_->ending = true;
  }
  preparation_->wanted.notify_all();
  preparation_->thread.join();
}

// --- workers and costs ---

void Scheduler::workers_begin(unsigned count, double dollars_per_hour) {
  const std::lock_guard lock(mutex_);
  worker_time_.open(count, clock_.now_seconds());
  worker_share_ = worker_time_.share();
  dollars_per_hour_ = dollars_per_hour;
  const Json workers = {{"share", worker_share_}, {"dollars_per_hour", dollars_per_hour}};
  store_.transact([&] { store_.set_value(kWorkersKey, workers.dump()); });
}

void Scheduler::workers_ended() {
  const std::lock_guard lock(mutex_);
  worker_time_.close(clock_.now_seconds());
}

WorkerTime Scheduler::worker_time() const {
  const std::lock_guard lock(mutex_);
  return worker_time_;
}

void Scheduler::meet(const std::string& worker) {
  const std::lock_guard lock(mutex_);
  worker_time_.met(worker, clock_.now_seconds());
}

Cost Scheduler::priced(Cost cost) const {
  cost.machine_seconds = cost.wall_seconds * worker_share_;
  cost.dollars = cost.machine_seconds / 3600 * dollars_per_hour_;
  return cost;
}

// The worker has told what it did until now.
void Scheduler::account(const Trial& trial, const Cost& cost) {
  worker_time_.heard(trial.worker, {trial.id, trial.fence}, cost.waited_seconds,
                     clock_.now_seconds());
}

// --- experiments ---

Experiment Scheduler::create(Experiment experiment) {
  const std::lock_guard lock(mutex_);
  experiment.created = clock_.now_seconds();
  store_.transact([&] { experiment.id = store_.add(experiment); });
  entries_.emplace(experiment.id, std::make_unique<Entry>(Entry{.experiment = experiment}));
  return experiment;
}

Experiment Scheduler::update(Id experiment, const std::function<void(Experiment&)>& change) {
  std::unique_lock lock(mutex_);
  Entry& e = entry(experiment);
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  Experiment changed = e.experiment;
  change(changed);
  FRUGAL_CHECK(changed.id == experiment && changed.space == e.experiment.space &&
               changed.tasks == e.experiment.tasks);
  store_.transact([&] { store_.update(changed); });
  if (changed.budget != e.experiment.budget) e.suggester.reset();  // it was made for the old one
  return e.experiment = changed;
}

Scheduler::Entry& Scheduler::entry(Id experiment) const {
  const auto found = entries_.find(experiment);
  if (found == entries_.end()) throw NotFound(fmt::format("there is no experiment {}", experiment));
  return *found->second;
}

Experiment Scheduler::experiment(Id id) const {
  const std::lock_guard lock(mutex_);
  return entry(id).experiment;
}

std::vector<Experiment> Scheduler::experiments() const {
  const std::lock_guard lock(mutex_);
  std::vector<Experiment> all;
  for (const auto& [id, entry] : entries_) all.push_back(entry->experiment);
  return all;
}

std::vector<Trial> Scheduler::trials(Id experiment) const {
  const std::lock_guard lock(mutex_);
  std::vector<Trial> all;
  for (const auto& [id, trial] : entry(experiment).trials) all.push_back(trial);
  return all;
}

Trial Scheduler::trial(Id id) const {
  const std::lock_guard lock(mutex_);
  return trial_of(id);
}

std::vector<Observation> Scheduler::observations(Id experiment) const {
  const std::lock_guard lock(mutex_);
  return entry(experiment).observations;
}

void Scheduler::set_admission(Admission admission) {
  const std::lock_guard lock(mutex_);
  admission_ = std::move(admission);
}

// --- reports ---

Trial& Scheduler::trial_of(Id id) const {
  for (const auto& [experiment, e] : entries_)
    if (const auto found = e->trials.find(id); found != e->trials.end()) return found->second;
  throw NotFound(fmt::format("there is no trial {}", id));
}

Trial& Scheduler::running(Id id, std::int64_t fence) {
  Trial& trial = trial_of(id);
  if (trial.fence != fence)
    throw StaleLease(fmt::format("trial {} was leased again since: its fence is {}, not {}", id,
                                 trial.fence, fence));
  if (trial.state != TrialState::kRunning)
    throw StaleLease(fmt::format("trial {} is {}, not running", id, to_string(trial.state)));
  return trial;
}

// On disk first, then in memory.
const Trial& Scheduler::save(Trial& trial, const Trial& changed) {
  store_.transact([&] { store_.update(changed); });
  return trial = changed;
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
    observation.metadata = report->metadata;
    observation.cost_seconds = report->cost.wall_seconds;
  }
  return observation;
}

void Scheduler::append(Entry& e, const Observation& observation) {
  e.observations.push_back(observation);
  e.unprepared = true;
  preparation_->wanted.notify_all();
}

// The trial's end and its observation, in one transaction.
void Scheduler::finish(Entry& e, Trial& trial, const Trial& ended, const Report* report) {
  Observation observation = observation_of(ended, ended.suggestion.task, report);
  store_.transact([&] {
    observation.id = store_.add(observation);
    store_.update(ended);
  });
  trial = ended;
  append(e, observation);
}

bool Scheduler::heartbeat(Id id, std::int64_t fence, const Json& progress, const Cost& cost) {
  const std::lock_guard lock(mutex_);
  Trial& trial = running(id, fence);
  Trial alive = trial;
  alive.lease_expires = clock_.now_seconds() + options_.lease_seconds;
  alive.attempt_cost = priced(cost);
  if (!progress.is_null()) alive.progress = progress;
  save(trial, alive);
  account(trial, cost);
  return !stopping_ && entry(trial.experiment).experiment.state == ExperimentState::kActive;
}

void Scheduler::observe_on_the_way(Id id, std::int64_t fence, std::size_t task,
                                   const Report& report) {
  const std::lock_guard lock(mutex_);
  const Trial& trial = running(id, fence);
  Entry& e = entry(trial.experiment);
  if (task >= e.experiment.tasks.size())
    throw InputError(fmt::format("experiment {} has no task {}", trial.experiment, task));
  if (task == trial.suggestion.task)
    throw InputError(fmt::format("trial {} is of the task {} itself; observe it at its end", id,
                                 e.experiment.tasks[task].name));
  const bool known =
      std::any_of(e.observations.begin(), e.observations.end(),
                  [&](const Observation& o) { return o.trial == id && o.point.task == task; });
  if (known) return;  // seen before a resume
  Observation observation = observation_of(trial, task, &report);
  store_.transact([&] { observation.id = store_.add(observation); });
  append(e, observation);
}

void Scheduler::observe(Id id, std::int64_t fence, const Report& report) {
  const std::lock_guard lock(mutex_);
  if (has_ended(id, fence, TrialState::kDone)) return;
  Trial& trial = running(id, fence);
  Trial ended = trial;
  end_attempt(ended, TrialState::kDone, priced(report.cost), clock_.now_seconds());
  Report total = report;
  total.cost = ended.cost;
  finish(entry(trial.experiment), trial, ended, &total);
  account(trial, report.cost);
  worker_time_.ended(trial.worker, clock_.now_seconds());
}

void Scheduler::fail(Id id, std::int64_t fence, const std::string& reason, const Cost& cost) {
  const std::lock_guard lock(mutex_);
  if (has_ended(id, fence, TrialState::kFailed)) return;
  Trial& trial = running(id, fence);
  Trial ended = trial;
  end_attempt(ended, TrialState::kFailed, priced(cost), clock_.now_seconds());
  ended.reason = reason;
  finish(entry(trial.experiment), trial, ended, nullptr);
  account(trial, cost);
  worker_time_.ended(trial.worker, clock_.now_seconds());
}

// By that very lease: the report is a repeated one.
bool Scheduler::has_ended(Id id, std::int64_t fence, TrialState state) const {
  const Trial& trial = trial_of(id);
  return trial.state == state && trial.fence == fence;
}

void Scheduler::release(Id id, std::int64_t fence, const std::string& checkpoint,
                        const Cost& cost) {
  const std::lock_guard lock(mutex_);
  Trial& trial = running(id, fence);
  Trial preempted = trial;
  end_attempt(preempted, TrialState::kPreempted, priced(cost), clock_.now_seconds());
  preempted.attempts -= 1;
  preempted.checkpoint = checkpoint;
  save(trial, preempted);
  account(trial, cost);
  worker_time_.ended(trial.worker, clock_.now_seconds());
}

std::vector<Observation> Scheduler::record(Id experiment, std::vector<Outside> rows) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  std::map<Id, Trial> ended;
  for (auto& [suggestion, observation] : rows) {
    observation.experiment = experiment;
    observation.created = clock_.now_seconds();
    if (suggestion == 0) continue;
    const auto found = e.trials.find(suggestion);
    if (found == e.trials.end())
      throw NotFound(fmt::format("experiment {} has no suggestion {}", experiment, suggestion));
    const Trial& trial = found->second;
    observation.trial = trial.id;
    observation.point = trial.suggestion;
    if (trial.state == TrialState::kDone || trial.state == TrialState::kFailed) continue;
    const auto [row, first] = ended.emplace(trial.id, trial);
    if (first)
      end_attempt(row->second, observation.value ? TrialState::kDone : TrialState::kFailed, {},
                  clock_.now_seconds());
  }
  store_.transact([&] {
    for (auto& row : rows) row.observation.id = store_.add(row.observation);
    for (const auto& [id, trial] : ended) store_.update(trial);
  });
  for (auto& [id, trial] : ended) e.trials.at(id) = std::move(trial);
  std::vector<Observation> recorded;
  for (const Outside& row : rows) {
    append(e, row.observation);
    recorded.push_back(row.observation);
  }
  return recorded;
}

Observation Scheduler::record(Id experiment, Id suggestion_trial, Observation observation) {
  return record(experiment, {{suggestion_trial, std::move(observation)}}).front();
}

void Scheduler::set_value(const std::string& key, const std::string& value) {
  const std::lock_guard lock(mutex_);
  store_.transact([&] { store_.set_value(key, value); });
}

std::optional<std::string> Scheduler::value(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return store_.value(key);
}

}  // namespace frugal::experiment
