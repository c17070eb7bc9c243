// The scheduler's experiments: in memory, in the store, and how the one follows the other.
#include "experiment/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "experiment/scheduler_entry.h"

namespace frugal::experiment {
namespace {

constexpr const char* kWorkersKey = "workers";  // of the store: what an attempt costs

// Some more observations; false: there are no more.
bool read_on(Store& store, const Experiment& experiment, Learned& learned) {
  constexpr std::size_t kAtATime = 2000;  // whoever else reads waits that long
  std::size_t rows = 0;
  store.each_observation({.experiment = experiment.id, .after = learned.last, .limit = kAtATime},
                         [&](const Observation& observation) {
                           learned.add(observation, experiment);
                           ++rows;
                         });
  return rows == kAtATime;
}

}  // namespace

Scheduler::Scheduler(Store& store, const Clock& clock, SchedulerOptions options)
    : store_(store),
      clock_(clock),
      options_(options),
      preparation_(std::make_unique<Preparation>()) {
  load();
  if (const auto stored = store_.value(kWorkersKey)) {
    const Json workers = parse_json(*stored, "the store's workers");
    worker_share_ = workers.value("share", 0.0);
    dollars_per_hour_ = workers.value("dollars_per_hour", 0.0);
  }
  journal_ = std::make_unique<Journal>(store_, [this] { return reload_after_failure(); });
  preparation_->thread = std::thread([this] { prepare(); });
}

Scheduler::~Scheduler() {
  {
    const std::lock_guard lock(mutex_);
    preparation_->ending = true;
  }
  preparation_->wanted.notify_all();
  preparation_->thread.join();
  journal_.reset();
}

// --- workers and costs ---

void Scheduler::workers_begin(unsigned count, double dollars_per_hour) {
  Lock lock(mutex_);
  worker_time_.open(count, clock_.now_seconds());
  worker_share_ = worker_time_.share();
  dollars_per_hour_ = dollars_per_hour;
  const Json workers = {{"share", worker_share_}, {"dollars_per_hour", dollars_per_hour}};
  put([text = workers.dump()](Store& store) { store.set_value(kWorkersKey, text); });
  settle(lock);
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

void Scheduler::load() {
  const Store::LastIds stored = store_.last_ids();
  last_.experiment = std::max(last_.experiment, stored.experiment);
  last_.trial = std::max(last_.trial, stored.trial);
  last_.observation = std::max(last_.observation, stored.observation);
  last_.record = std::max(last_.record, stored.record);
  experiment_of_.clear();
  for (auto& [id, e] : entries_) e->gone = true;
  for (auto& experiment : store_.experiments()) {
    auto& e = entries_[experiment.id];
    if (e == nullptr) e = std::make_unique<Entry>(experiment);
    e->gone = false;
    e->experiment = std::move(experiment);
    const Id id = e->experiment.id;
    e->live.clear(), e->leaving.clear(), e->passed.clear();
    e->trials = store_.count_trials({.experiment = id, .deleted = std::nullopt});
    for (auto& trial : store_.trials(RowQuery{.experiment = id, .ended = false})) {
      experiment_of_[trial.id] = id;
      e->live.emplace(trial.id, trial);
    }
    e->recent.replace({});
    e->learned = ++e->learnings;
    learn(*e, {});
  }
}

// Reads on; what is not in the store yet is in memory, and comes last.
void Scheduler::learn(Entry& e, Learned learned) {
  while (read_on(store_, e.experiment, learned)) continue;
  const Id stored = store_.last_ids().observation;
  for (const Observation& observation : e.recent.rows())
    if (observation.id > std::max(learned.last, stored)) learned.add(observation, e.experiment);
  for (const auto& passed : learned.passed)
    if (e.live.contains(passed.first)) e.passed.insert(passed);
  e.summary = std::move(learned.summary);
  e.recent.replace(std::move(learned.recent));
  e.ahead.suggestions.clear();
  e.unprepared = true;
  e.revision.changes += 1;
  e.revision.rewritings += 1;
}

// While others go on. Who begins later reads what is newer.
void Scheduler::learn_anew(Lock& lock, Entry& e) {
  const std::uint64_t turn = ++e.learnings;
  const Experiment experiment = e.experiment;
  Learned learned;
  lock.unlock();
  while (read_on(store_, experiment, learned)) continue;
  lock.lock();
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  if (turn <= e.learned) return;
  e.learned = turn;
  learn(e, std::move(learned));
}

// Nothing of the last transaction is on disk: what is there is the truth. False: it cannot even be
// read; the next change fails as this one did, and reads again.
bool Scheduler::reload_after_failure() {
  const std::lock_guard lock(mutex_);
  journal_->discard();
  try {
    load();
  } catch (const Error&) {
    return false;
  }
  return true;
}

// For who has changed something and is about to answer; gives up the lock.
void Scheduler::settle(Lock& lock) const {
  const Journal::Ticket ticket = journal_->last();
  lock.unlock();
  journal_->wait(ticket);
}

void Scheduler::settle() const {
  journal_->wait(journal_->last());
}

void Scheduler::write(const Journal::Change& change) {
  journal_->wait(journal_->write(change));
}

Journal::Count Scheduler::written() const {
  return journal_->count();
}

Id Scheduler::new_record_id() {
  const std::lock_guard lock(mutex_);
  return ++last_.record;
}

Experiment Scheduler::create(Experiment experiment, const Also& also) {
  Lock lock(mutex_);
  experiment.created = clock_.now_seconds();
  experiment.id = ++last_.experiment;
  put([experiment, also](Store& store) {
    store.add(experiment);
    if (also) also(store, {experiment.id});
  });
  entries_.emplace(experiment.id, std::make_unique<Entry>(experiment));
  settle(lock);
  return experiment;
}

Experiment Scheduler::update(Id experiment, const std::function<void(Experiment&)>& change) {
  Lock lock(mutex_);
  Entry& e = entry(experiment);
  preparation_->idle.wait(lock, [&] { return !e.busy; });
  Experiment changed = e.experiment;
  change(changed);
  FRUGAL_CHECK(changed.id == experiment && changed.tasks == e.experiment.tasks);
  changed.updated = clock_.now_seconds();
  e.revision.changes += 1;
  put([changed](Store& store) { store.update(changed); });
  // The suggester was made for the old problem.
  const bool is_other = changed.budget != e.experiment.budget ||
                        changed.space != e.experiment.space ||
                        changed.suggester != e.experiment.suggester;
  const bool other_goal =
      metrics_of(changed) != metrics_of(e.experiment) || changed.space != e.experiment.space;
  e.experiment = changed;
  e.is_waiting = false;
  if (is_other) e.suggester.reset();
  if (is_other || other_goal) e.ahead.suggestions.clear();
  settle(lock);
  if (other_goal) {  // thresholds say which is the best
    lock.lock();
    learn_anew(lock, e);
  }
  return changed;
}

Scheduler::Entry& Scheduler::entry(Id experiment) const {
  const auto found = entries_.find(experiment);
  if (found == entries_.end() || found->second->gone)
    throw NotFound(fmt::format("there is no experiment {}", experiment));
  return *found->second;
}

Experiment Scheduler::experiment(Id id) const {
  const std::lock_guard lock(mutex_);
  return entry(id).experiment;
}

std::vector<Experiment> Scheduler::experiments() const {
  const std::lock_guard lock(mutex_);
  std::vector<Experiment> all;
  for (const auto& [id, e] : entries_)
    if (!e->gone) all.push_back(e->experiment);
  return all;
}

std::vector<Trial> Scheduler::trials(Id experiment) const {
  {
    const std::lock_guard lock(mutex_);
    entry(experiment);
  }
  return store_.trials(experiment);
}

Trial Scheduler::trial(Id id) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = experiment_of_.find(id); found != experiment_of_.end())
      return entry(found->second).live.at(id);
  }
  if (auto ended = store_.trial(id)) return *ended;
  throw NotFound(fmt::format("there is no trial {}", id));
}

std::vector<Observation> Scheduler::observations(Id experiment) const {
  {
    const std::lock_guard lock(mutex_);
    entry(experiment);
  }
  return store_.observations(experiment);
}

Summary Scheduler::progress(Id experiment) const {
  const std::lock_guard lock(mutex_);
  return entry(experiment).summary;
}

std::size_t Scheduler::open_trials(Id experiment) const {
  const std::lock_guard lock(mutex_);
  const Entry& e = entry(experiment);
  return static_cast<std::size_t>(std::count_if(
      e.live.begin(), e.live.end(), [](const auto& item) { return !is_over(item.second); }));
}

std::vector<Trial> Scheduler::live_trials(Id experiment) const {
  const std::lock_guard lock(mutex_);
  std::vector<Trial> open;
  for (const auto& [id, trial] : entry(experiment).live)
    if (!is_over(trial)) open.push_back(trial);
  return open;
}

std::map<Id, Revision> Scheduler::revisions() const {
  const std::lock_guard lock(mutex_);
  std::map<Id, Revision> all;
  for (const auto& [id, e] : entries_)
    if (!e->gone) all.emplace(id, e->revision);
  return all;
}

void Scheduler::set_admission(Admission admission) {
  const std::lock_guard lock(mutex_);
  admission_ = std::move(admission);
}

void Scheduler::set_value(const std::string& key, const std::string& value) {
  write([&](Store& store) { store.set_value(key, value); });
}

std::optional<std::string> Scheduler::value(const std::string& key) const {
  return store_.value(key);
}

}  // namespace frugal::experiment
