#include "experiment/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::experiment {

// One experiment in memory; the store holds the same.
struct Scheduler::Entry {
  Experiment experiment;
  std::map<Id, Trial> trials;
  std::vector<Observation> observations;
  std::unique_ptr<optimizer::Suggester> suggester;
  bool search_over = false;

  std::size_t running() const {
    return static_cast<std::size_t>(
        std::count_if(trials.begin(), trials.end(),
                      [](const auto& item) { return item.second.state == TrialState::kRunning; }));
  }

  optimizer::History history() const {
    optimizer::History history;
    const double full_seconds = seconds_of_full_task();
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

  // Mean measured seconds for each unit of task cost; 0 before the first success.
  double seconds_of_full_task() const {
    double seconds = 0, cost = 0;
    for (const auto& observation : observations) {
      if (!observation.value || observation.cost_seconds <= 0) continue;
      seconds += observation.cost_seconds;
      cost += experiment.tasks[observation.point.task].cost;
    }
    return cost > 0 ? seconds / cost : 0;
  }

  RandomStream random() const {
    return RandomStream(experiment.seed).derive("suggestion").derive(trials.size());
  }
};

Scheduler::Scheduler(Store& store, const Clock& clock, SchedulerOptions options)
    : store_(store), clock_(clock), options_(options) {
  for (auto& experiment : store_.experiments()) {
    auto entry = std::make_unique<Entry>(Entry{.experiment = experiment});
    for (auto& trial : store_.trials(experiment.id)) entry->trials.emplace(trial.id, trial);
    entry->observations = store_.observations(experiment.id);
    entries_.emplace(experiment.id, std::move(entry));
  }
}

Scheduler::~Scheduler() = default;

Experiment Scheduler::create(Experiment experiment) {
  const std::lock_guard lock(mutex_);
  experiment.created = clock_.now_seconds();
  store_.transact([&] { experiment.id = store_.add(experiment); });
  entries_.emplace(experiment.id, std::make_unique<Entry>(Entry{.experiment = experiment}));
  return experiment;
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
  for (const auto& [experiment, entry] : entries_)
    if (const auto found = entry->trials.find(id); found != entry->trials.end())
      return found->second;
  throw NotFound(fmt::format("there is no trial {}", id));
}

std::vector<Observation> Scheduler::observations(Id experiment) const {
  const std::lock_guard lock(mutex_);
  return entry(experiment).observations;
}

void Scheduler::set_admission(Admission admission) {
  const std::lock_guard lock(mutex_);
  admission_ = std::move(admission);
}

Trial Scheduler::queue(Id experiment, const optimizer::Suggestion& suggestion, Json metadata) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  e.experiment.space.validate(suggestion.assignments);
  Trial trial{.experiment = experiment,
              .suggestion = suggestion,
              .purpose = "queued",
              .metadata = std::move(metadata),
              .created = clock_.now_seconds()};
  store_.transact([&] { trial.id = store_.add(trial); });
  return e.trials.emplace(trial.id, trial).first->second;
}

void Scheduler::withdraw(Id experiment, const std::function<bool(const Trial&)>& chosen,
                         const std::string& reason) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, trial] : entry(experiment).trials) {
    if (trial.state != TrialState::kOpen || trial.purpose != "queued" || !chosen(trial)) continue;
    trial.state = TrialState::kFailed;
    trial.reason = reason;
    trial.ended = clock_.now_seconds();
    store_.transact([&] { store_.update(trial); });
  }
}

std::optional<Trial> Scheduler::next_suggestion(Entry& e) {
  if (e.experiment.state != ExperimentState::kActive || e.search_over) return std::nullopt;
  if (e.suggester == nullptr)
    e.suggester = optimizer::make_suggester(
        e.experiment.suggester,
        {e.experiment.space, e.experiment.maximize, e.experiment.tasks, e.experiment.budget},
        e.experiment.seed);
  RandomStream random = e.random();
  const auto suggestions = e.suggester->suggest(e.history(), 1, random);
  if (suggestions.empty()) return std::nullopt;
  Trial trial{
      .experiment = e.experiment.id, .suggestion = suggestions[0], .created = clock_.now_seconds()};
  e.search_over =
      admission_ && !admission_(e.experiment, e.experiment.tasks[trial.suggestion.task]);
  if (e.search_over) return std::nullopt;
  store_.transact([&] { trial.id = store_.add(trial); });
  return e.trials.emplace(trial.id, trial).first->second;
}

Trial Scheduler::suggest(Id experiment) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  for (auto& [id, trial] : e.trials)
    if (trial.state == TrialState::kOpen && trial.purpose == "queued" && trial.started == 0) {
      trial.started = clock_.now_seconds();
      store_.transact([&] { store_.update(trial); });
      return trial;
    }
  const auto trial = next_suggestion(e);
  if (!trial) throw InputError(fmt::format("experiment {} has no suggestion left", experiment));
  return *trial;
}

std::optional<Trial> Scheduler::lease(Id experiment, const std::string& worker) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  if (stopping_) return std::nullopt;
  if (e.experiment.parallel_bandwidth &&
      e.running() >= static_cast<std::size_t>(*e.experiment.parallel_bandwidth))
    return std::nullopt;
  Id chosen = 0;
  const auto choose = [&](auto&& wanted) {
    for (const auto& [id, trial] : e.trials)
      if (chosen == 0 && wanted(trial)) chosen = id;
  };
  choose([](const Trial& trial) { return trial.state == TrialState::kPreempted; });
  choose([](const Trial& trial) { return trial.state == TrialState::kOpen && trial.started == 0; });
  if (chosen == 0) {
    const auto trial = next_suggestion(e);
    if (!trial) return std::nullopt;
    chosen = trial->id;
  }
  Trial& trial = e.trials.at(chosen);
  trial.state = TrialState::kRunning;
  trial.worker = worker;
  trial.fence += 1;
  trial.attempts += 1;
  if (trial.started == 0) trial.started = clock_.now_seconds();
  trial.lease_expires = clock_.now_seconds() + options_.lease_seconds;
  store_.transact([&] { store_.update(trial); });
  return trial;
}

Trial& Scheduler::running(Id id, std::int64_t fence) {
  for (const auto& [experiment, entry] : entries_) {
    const auto found = entry->trials.find(id);
    if (found == entry->trials.end()) continue;
    Trial& trial = found->second;
    if (trial.fence != fence)
      throw StaleLease(fmt::format("trial {} was leased again since: its fence is {}, not {}", id,
                                   trial.fence, fence));
    if (trial.state != TrialState::kRunning)
      throw StaleLease(fmt::format("trial {} is {}, not running", id, to_string(trial.state)));
    return trial;
  }
  throw NotFound(fmt::format("there is no trial {}", id));
}

bool Scheduler::heartbeat(Id id, std::int64_t fence, const Json& progress, const Cost& cost) {
  const std::lock_guard lock(mutex_);
  Trial& trial = running(id, fence);
  trial.lease_expires = clock_.now_seconds() + options_.lease_seconds;
  trial.attempt_cost = cost;
  if (!progress.is_null()) trial.progress = progress;
  store_.transact([&] { store_.update(trial); });
  return !stopping_;
}

Observation Scheduler::add_observation(Trial& trial, std::size_t task, const Report* report) {
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
  observation.id = store_.add(observation);
  return observation;
}

void Scheduler::observe_on_the_way(Id id, std::int64_t fence, std::size_t task,
                                   const Report& report) {
  const std::lock_guard lock(mutex_);
  Trial& trial = running(id, fence);
  Entry& e = entry(trial.experiment);
  if (task >= e.experiment.tasks.size())
    throw InputError(fmt::format("experiment {} has no task {}", trial.experiment, task));
  const bool known =
      std::any_of(e.observations.begin(), e.observations.end(),
                  [&](const Observation& o) { return o.trial == id && o.point.task == task; });
  if (known) return;  // seen before a resume
  Observation observation;
  store_.transact([&] { observation = add_observation(trial, task, &report); });
  e.observations.push_back(observation);
}

namespace {

void end(Trial& trial, TrialState state, const Cost& cost, double now) {
  trial.state = state;
  trial.cost.wall_seconds += cost.wall_seconds;
  trial.cost.cpu_seconds += cost.cpu_seconds;
  trial.attempt_cost = {};
  trial.lease_expires = 0;
  if (state == TrialState::kDone || state == TrialState::kFailed) trial.ended = now;
}

}  // namespace

void Scheduler::observe(Id id, std::int64_t fence, const Report& report) {
  const std::lock_guard lock(mutex_);
  for (const auto& [experiment, e] : entries_) {
    const auto found = e->trials.find(id);
    if (found != e->trials.end() && found->second.state == TrialState::kDone &&
        found->second.fence == fence)
      return;
  }
  Trial& trial = running(id, fence);
  Trial ended = trial;
  end(ended, TrialState::kDone, report.cost, clock_.now_seconds());
  Report total = report;
  total.cost = ended.cost;
  Observation observation;
  store_.transact([&] {
    observation = add_observation(ended, ended.suggestion.task, &total);
    store_.update(ended);
  });
  trial = ended;
  entry(trial.experiment).observations.push_back(observation);
}

void Scheduler::fail(Id id, std::int64_t fence, const std::string& reason, const Cost& cost) {
  const std::lock_guard lock(mutex_);
  for (const auto& [experiment, e] : entries_) {
    const auto found = e->trials.find(id);
    if (found != e->trials.end() && found->second.state == TrialState::kFailed &&
        found->second.fence == fence)
      return;
  }
  Trial& trial = running(id, fence);
  Trial ended = trial;
  end(ended, TrialState::kFailed, cost, clock_.now_seconds());
  ended.reason = reason;
  Observation observation;
  store_.transact([&] {
    observation = add_observation(ended, ended.suggestion.task, nullptr);
    store_.update(ended);
  });
  trial = ended;
  entry(trial.experiment).observations.push_back(observation);
}

void Scheduler::release(Id id, std::int64_t fence, const std::string& checkpoint,
                        const Cost& cost) {
  const std::lock_guard lock(mutex_);
  Trial& trial = running(id, fence);
  end(trial, TrialState::kPreempted, cost, clock_.now_seconds());
  trial.attempts -= 1;
  trial.checkpoint = checkpoint;
  store_.transact([&] { store_.update(trial); });
}

Observation Scheduler::record(Id experiment, Id suggestion_trial, Observation observation) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  observation.experiment = experiment;
  observation.created = clock_.now_seconds();
  Trial* trial = nullptr;
  if (suggestion_trial != 0) {
    const auto found = e.trials.find(suggestion_trial);
    if (found == e.trials.end())
      throw NotFound(
          fmt::format("experiment {} has no suggestion {}", experiment, suggestion_trial));
    trial = &found->second;
    observation.trial = trial->id;
    observation.point = trial->suggestion;
  }
  store_.transact([&] {
    observation.id = store_.add(observation);
    if (trial == nullptr || trial->state == TrialState::kDone ||
        trial->state == TrialState::kFailed)
      return;
    Trial ended = *trial;
    end(ended, observation.value ? TrialState::kDone : TrialState::kFailed, {},
        clock_.now_seconds());
    store_.update(ended);
    *trial = ended;
  });
  e.observations.push_back(observation);
  return observation;
}

// The worker is gone without a word.
void Scheduler::lost(Trial& trial) {
  if (trial.attempts < options_.most_attempts) {
    end(trial, TrialState::kPreempted, trial.attempt_cost, clock_.now_seconds());
    store_.transact([&] { store_.update(trial); });
    return;
  }
  Trial ended = trial;
  end(ended, TrialState::kFailed, trial.attempt_cost, clock_.now_seconds());
  ended.reason = fmt::format("its worker was lost {} times", trial.attempts);
  Observation observation;
  store_.transact([&] {
    observation = add_observation(ended, ended.suggestion.task, nullptr);
    store_.update(ended);
  });
  trial = ended;
  entry(trial.experiment).observations.push_back(observation);
}

std::size_t Scheduler::expire() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  const double now = clock_.now_seconds();
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->trials)
      if (trial.state == TrialState::kRunning && trial.lease_expires < now) {
        lost(trial);
        ++count;
      }
  return count;
}

void Scheduler::take_back_all() {
  const std::lock_guard lock(mutex_);
  for (auto& [experiment, e] : entries_)
    for (auto& [id, trial] : e->trials)
      if (trial.state == TrialState::kRunning) lost(trial);
}

void Scheduler::ask_to_stop(bool stop) {
  const std::lock_guard lock(mutex_);
  stopping_ = stop;
}

std::optional<optimizer::Assignments> Scheduler::recommend(Id experiment) {
  const std::lock_guard lock(mutex_);
  Entry& e = entry(experiment);
  if (e.suggester == nullptr)
    e.suggester = optimizer::make_suggester(
        e.experiment.suggester,
        {e.experiment.space, e.experiment.maximize, e.experiment.tasks, e.experiment.budget},
        e.experiment.seed);
  return e.suggester->recommend(e.history());
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
