// Hands trials to workers and takes their reports. A lease carries a fencing number that grows
// with every lease of the trial; a report with an old number is refused, so that a worker that was
// given up for dead cannot count twice. All state is in the store: a scheduler opened on the store
// of one that was killed goes on. What has ended is in the store alone; memory holds what is open,
// and of the observations no more than a suggester is shown (recent.h).
// Thread-safe: one mutex, which is held neither while the suggester thinks nor while the disk
// writes (journal.h). What a method has returned from is on disk; when the disk refuses, the method
// throws SystemError and nothing of it has happened.
// A thread of the scheduler fits models between requests and computes suggestions ahead for clients
// without leases. A leased suggestion is a function of the experiment's seed, its rows and its
// number of trials, so that a coordinator started anew goes on as the old one would have.
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
#include "experiment/journal.h"
#include "experiment/progress.h"
#include "experiment/store.h"
#include "experiment/worker_time.h"

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
  std::vector<MetricValue> more_values;
  Json metadata = Json::object();
  Cost cost;  // of this attempt
};

struct SchedulerOptions {
  double lease_seconds = 60;  // without a heartbeat
  int most_attempts = 3;      // then a lost trial has failed
  // A suggestion that a client without leases took is given up when nothing was observed of it for
  // so long: it is pending no more. 0: never.
  double suggestion_seconds = 86400;
};

// How often an experiment has changed since this scheduler was made: whoever shows it looks again
// when a number is another. Adding is no rewriting; changing what had ended is.
struct Revision {
  std::uint64_t changes = 0, rewritings = 0;
  bool operator==(const Revision&) const = default;
};

// Changes of the caller's own that belong into the same transaction; ids: of what was made.
using Also = std::function<void(Store& store, const std::vector<Id>& ids)>;

// A suggestion for a client without leases.
struct SuggestOptions {
  std::optional<optimizer::Suggestion> point;  // the client's own; else the next one
  Json metadata = Json::object();
  std::optional<double> seconds;  // instead of suggestion_seconds
};

struct Learned;

class Scheduler {
 public:
  Scheduler(Store& store, const Clock& clock, SchedulerOptions options = {});
  ~Scheduler();

  Experiment create(Experiment experiment, const Also& also = {});
  // Under the lock; tasks cannot change. A deleted experiment is over: no leases, its running
  // trials are asked to stop.
  Experiment update(Id experiment, const std::function<void(Experiment&)>& change);
  Experiment experiment(Id id) const;
  std::vector<Experiment> experiments() const;
  std::vector<Trial> trials(Id experiment) const;  // from the store, the deleted ones too
  Trial trial(Id id) const;
  std::vector<Observation> observations(Id experiment) const;  // from the store
  Summary progress(Id experiment) const;                       // at once, however many there are
  std::size_t open_trials(Id experiment) const;
  std::vector<Trial> live_trials(Id experiment) const;  // those that have not ended
  std::map<Id, Revision> revisions() const;

  // Whether a new suggestion for that task may start now; asked for each, under the scheduler's
  // lock. Once it says no, that experiment gets no further suggestions. Default: always.
  using Admission = std::function<bool(const Experiment&, const optimizer::Task&)>;
  void set_admission(Admission admission);

  // From now on, the suggester's trials whose learning curve says that they will not be the best of
  // their task are stopped (hopeless.h), and a forecast of their end is what is learned of them.
  // risk: that one would have been the best after all; 0: none is stopped, as from the beginning.
  void stop_hopeless(double risk);

  // So many workers of this machine begin, side by side, until workers_ended(): trials are charged
  // their share of the machine's clock, at that price, and what is no trial's is added up.
  void workers_begin(unsigned count, double dollars_per_hour);
  void workers_ended();
  WorkerTime worker_time() const;
  // The worker's process is a new one: it asks for the first time.
  void meet(const std::string& worker);

  // A suggestion by request, served before any of the suggester's.
  Trial queue(Id experiment, const optimizer::Suggestion& suggestion, Json metadata,
              const Also& also = {});
  // Takes back those queued trials that nobody began and that are chosen; they are failed, with
  // that reason, and no observation.
  void withdraw(Id experiment, const std::function<bool(const Trial&)>& chosen,
                const std::string& reason);
  // A suggestion, open, leased to nobody: for clients without leases. One that was computed ahead
  // is given at once when it lacks no more results than are pending anyway.
  Trial suggest(Id experiment, const SuggestOptions& options = {}, const Also& also = {});
  // Ends an open trial that nobody leased without an observation: given up, or deleted.
  void give_up(Id trial, const std::string& reason, const Also& also = {});
  // One that was given up is open again, as when its client turns out to be alive.
  void take_up(Id trial, const Also& also = {});
  // Ends a trial without an observation: one that runs when its worker gives it back, which it is
  // told to at its next heartbeat, any other at once. Throws StaleLease when it has ended.
  void stop(Id trial);
  void delete_trials(Id experiment, const std::vector<Id>& trials);
  Trial set_metadata(Id trial, Json metadata);

  // The next trial: a preempted one, a queued one, a new suggestion. nullopt: none now. A worker
  // has one trial at a time: one that it still held is lost, as if its lease had run out.
  std::optional<Trial> lease(Id experiment, const std::string& worker);

  // All throw StaleLease, NotFound.
  // Extends the lease. True: go on. False: stop, and release.
  // cost: of this attempt so far, kept should the worker be lost.
  bool heartbeat(Id trial, std::int64_t fence, const Json& progress, const Cost& cost);
  // A value on the way, at another (cheaper) task of the same assignments; the first one counts.
  void observe_on_the_way(Id trial, std::int64_t fence, std::size_t task, const Report& report);
  // The end. The same report again is answered as the first was.
  void observe(Id trial, std::int64_t fence, const Report& report);
  void fail(Id trial, std::int64_t fence, const std::string& reason, const Cost& cost);
  // Given back in good order: the next lease goes on from checkpoint.
  void release(Id trial, std::int64_t fence, const std::string& checkpoint, const Cost& cost);

  // An observation from outside; suggestion_trial: the open trial that it closes, or 0.
  Observation record(Id experiment, Id suggestion_trial, Observation observation);
  struct Outside {
    Id suggestion_trial = 0;
    Observation observation;
  };
  std::vector<Observation> record(Id experiment, std::vector<Outside> rows,
                                  const Also& also = {});  // all or none
  // Changes or deletes observations; what was learned of them is learned again.
  std::vector<Observation> revise(Id experiment, const std::vector<Id>& observations,
                                  const std::function<void(Observation&)>& change);

  // Takes back what has not been heard of. Returns how many.
  std::size_t expire();
  // That worker's process has ended, or nobody knows of it any more: the trial that it may still
  // hold is lost, as if its lease had run out.
  void worker_is_gone(const std::string& worker);
  // Takes back everything that is leased: its workers ended with the coordinator before this one,
  // which is nobody's fault and counts as no attempt.
  void take_back_all();
  // How many workers would have something to do, at most most: trials that run or wait, and
  // suggestions that may be made beside them.
  std::size_t work_at_hand(std::size_t most) const;
  // Asks every running trial of the experiment to stop at its next heartbeat.
  void ask_to_stop(bool stop);

  std::optional<optimizer::Assignments> recommend(Id experiment);

  void set_value(const std::string& key, const std::string& value);
  std::optional<std::string> value(const std::string& key) const;

  // For what the server keeps besides.
  Store& store() const { return store_; }
  const Clock& clock() const { return clock_; }
  Id new_record_id();
  void write(const Journal::Change& change);  // returns when it is on disk
  void settle() const;                        // until everything up to now is on disk
  Journal::Count written() const;

 private:
  struct Entry;
  struct Preparation;
  using Lock = std::unique_lock<std::mutex>;

  void load();
  bool reload_after_failure();
  void learn(Entry& entry, Learned learned);
  void learn_anew(Lock& lock, Entry& entry);
  Entry& entry(Id experiment) const;
  Trial& live_trial(Id trial) const;
  Trial& running(Id trial, std::int64_t fence);
  bool has_ended(Id trial, std::int64_t fence, TrialState state) const;
  bool is_hopeless(const Trial& before, const Trial& now) const;
  void end_by_forecast(Entry& entry, Trial& trial, const Cost& cost);

  template <typename Work>
  auto with_suggester(Lock& lock, Entry& entry, Work work);
  void fit_ahead(Lock& lock, Entry& e);
  void suggest_ahead(Lock& lock, Entry& e);
  void prepare();
  bool suggest_next(Lock& lock, Entry& entry);
  std::optional<optimizer::Suggestion> next_point(Lock& lock, Entry& entry);
  Trial* next_open(Entry& entry);
  Trial* next_waiting(Entry& entry);

  Cost priced(Cost cost) const;
  void account(const Trial& trial, const Cost& cost);
  Trial& add_trial(Entry& entry, Trial trial, const Also& also = {});
  void save(Trial& trial, const Trial& changed, const Also& also = {});
  void append(Entry& entry, Observation& observation);
  void finish(Entry& entry, Trial& trial, const Trial& ended, const Report* report);
  Observation observation_of(const Trial& trial, std::size_t task, const Report* report) const;
  void lose_trials_of(const std::string& worker);
  void lost(Entry& entry, Trial& trial);
  void leave(Entry& entry, Id trial);
  Journal::Ticket put(Journal::Change change) const { return journal_->write(std::move(change)); }
  void settle(Lock& lock) const;

  Store& store_;
  const Clock& clock_;
  SchedulerOptions options_;
  Admission admission_;
  bool stopping_ = false;
  double stop_risk_ = 0;
  WorkerTime worker_time_;
  double worker_share_ = 0;  // of the machine; 0: not known
  double dollars_per_hour_ = 0;
  mutable std::mutex mutex_;
  mutable std::map<Id, std::unique_ptr<Entry>> entries_;
  std::map<Id, Id> experiment_of_;  // of live trials
  Store::LastIds last_;
  std::unique_ptr<Preparation> preparation_;
  std::unique_ptr<Journal> journal_;  // ends first: it calls back
};

}  // namespace frugal::experiment
