// Hands trials to workers and takes their reports. A lease carries a fencing number that grows
// with every lease of the trial; a report with an old number is refused, so that a worker that was
// given up for dead cannot count twice. All state is in the store: a scheduler opened on the store
// of one that was killed goes on.
// Thread-safe: one mutex.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "experiment/store.h"

namespace frugal::experiment {

// The trial has been leased to somebody else since, or is over.
class StaleLease : public Error {
 public:
  using Error::Error;
};

// No experiment or trial of that id.
class NotFound : public Error {
 public:
  using Error::Error;
};

struct Report {
  double value = 0;
  std::optional<double> value_stddev;
  Json metadata = Json::object();
  Cost cost;  // of this attempt
};

struct SchedulerOptions {
  double lease_seconds = 60;  // without a heartbeat
  int most_attempts = 3;      // then a lost trial has failed
};

class Scheduler {
 public:
  Scheduler(Store& store, const Clock& clock, SchedulerOptions options = {});
  ~Scheduler();

  Experiment create(Experiment experiment);
  Experiment experiment(Id id) const;
  std::vector<Experiment> experiments() const;
  std::vector<Trial> trials(Id experiment) const;
  Trial trial(Id id) const;
  std::vector<Observation> observations(Id experiment) const;

  // Whether a new suggestion for that task may start now; asked for each, under the scheduler's
  // lock. Once it says no, that experiment gets no further suggestions. Default: always.
  using Admission = std::function<bool(const Experiment&, const optimizer::Task&)>;
  void set_admission(Admission admission);

  // A suggestion by request, served before any of the suggester's.
  Trial queue(Id experiment, const optimizer::Suggestion& suggestion, Json metadata);
  // Takes back those queued trials that nobody began and that are chosen; they are failed, with
  // that reason, and no observation.
  void withdraw(Id experiment, const std::function<bool(const Trial&)>& chosen,
                const std::string& reason);
  // A suggestion of the suggester, open, leased to nobody: for clients without leases.
  Trial suggest(Id experiment);

  // The next trial: a preempted one, a queued one, a new suggestion. nullopt: none now.
  std::optional<Trial> lease(Id experiment, const std::string& worker);

  // All throw StaleLease, NotFound.
  // Extends the lease. True: go on. False: stop, and release.
  // cost: of this attempt so far, kept should the worker be lost.
  bool heartbeat(Id trial, std::int64_t fence, const Json& progress, const Cost& cost);
  // A value on the way, at a cheaper task of the same assignments.
  void observe_on_the_way(Id trial, std::int64_t fence, std::size_t task, const Report& report);
  // The end. The same report again is answered as the first was.
  void observe(Id trial, std::int64_t fence, const Report& report);
  void fail(Id trial, std::int64_t fence, const std::string& reason, const Cost& cost);
  // Given back in good order: the next lease goes on from checkpoint.
  void release(Id trial, std::int64_t fence, const std::string& checkpoint, const Cost& cost);

  // An observation from outside; suggestion_trial: the open trial that it closes, or 0.
  Observation record(Id experiment, Id suggestion_trial, Observation observation);

  // Takes back what has not been heard of. Returns how many.
  std::size_t expire();
  // Takes back everything that is leased: its workers are known to be gone.
  void take_back_all();
  // Asks every running trial of the experiment to stop at its next heartbeat.
  void ask_to_stop(bool stop);

  std::optional<optimizer::Assignments> recommend(Id experiment);

  void set_value(const std::string& key, const std::string& value);
  std::optional<std::string> value(const std::string& key) const;

 private:
  struct Entry;
  Entry& entry(Id experiment) const;
  Trial& running(Id trial, std::int64_t fence);
  std::optional<Trial> next_suggestion(Entry& entry);
  void lost(Trial& trial);
  Observation add_observation(Trial& trial, std::size_t task, const Report* report);

  Store& store_;
  const Clock& clock_;
  SchedulerOptions options_;
  Admission admission_;
  bool stopping_ = false;
  mutable std::mutex mutex_;
  mutable std::map<Id, std::unique_ptr<Entry>> entries_;
};

}  // namespace frugal::experiment
