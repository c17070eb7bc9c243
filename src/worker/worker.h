// The worker's loop: lease a trial, run it with a heartbeat beside it, report, again. What a
// trial is, the executor knows.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "worker/client.h"

namespace frugal::worker {

// What a running trial may ask and tell. Thread-safe.
class Context {
 public:
  virtual ~Context() = default;
  // Asked often: somebody wants the trial to end now (a signal, the budget, a lost lease). Write
  // a checkpoint and answer Outcome::stopped.
  virtual bool should_stop() = 0;
  // Sent with the next heartbeat. "curve", [[share of the run, value], ...], is what hopeless runs
  // are known by: sent at once when it has grown.
  virtual void report_progress(Json progress) = 0;
  // Of a cheaper task that this trial passes through. Sent at once.
  virtual void observe_intermediate(const std::string& task, double value,
                                    std::optional<double> value_stddev = {}) = 0;
  // Of processes that the trial started; this one's is known.
  virtual void note_peak_memory(double /*bytes*/) {}
};

struct Outcome {
  enum class Kind { kObserved, kFailed, kStopped };
  Kind kind = Kind::kObserved;
  double value = 0;  // when observed
  std::optional<double> value_stddev;
  Json metadata = Json::object();  // of the observation
  std::string reason;              // when failed
  std::string checkpoint;          // when stopped: where to go on, "": where this attempt began

  static Outcome observed(double value, std::optional<double> value_stddev = {},
                          Json metadata = Json::object());
  static Outcome failed(std::string reason);
  static Outcome stopped(std::string checkpoint);
};

class Executor {
 public:
  virtual ~Executor() = default;
  // lease.trial.checkpoint says where to go on. A SystemError thrown here ends the worker, and
  // the trial goes to another; anything else is the trial's failure.
  virtual Outcome run(const Lease& lease, Context& context) = 0;
};

struct WorkerOptions {
  std::string name;                // of this process and no other
  experiment::Id experiment = 0;   // 0: any of the coordinator's
  double wait_seconds = 20;        // of one long poll
  double leave_after_seconds = 0;  // without a trial: it goes; 0: it stays
  unsigned devices = 1;            // cores, or accelerators, that a trial holds
  std::function<bool()> should_stop = [] { return false; };                 // a signal came
  std::function<void(const std::string&)> log = [](const std::string&) {};  // a line a trial
};

struct WorkerSummary {
  // The experiment is over; should_stop said so; there was no trial for leave_after_seconds.
  enum class Ending { kOver, kStopped, kIdle };
  Ending ending = Ending::kOver;
  // Trials; lost: they were given to somebody else while we ran them.
  std::size_t observed = 0, failed = 0, released = 0, lost = 0;
};

// Returns when there is nothing left to do, or should_stop. Throws SystemError when the
// coordinator stays away.
WorkerSummary run_worker(Client& client, Executor& executor, const WorkerOptions& options);

// From now on the kernel sends SIGTERM when the parent process (strictly: the thread that
// started us) dies. Throws SystemError; answers false when the parent is dead already.
bool die_with_parent(int parent_pid);

}  // namespace frugal::worker
