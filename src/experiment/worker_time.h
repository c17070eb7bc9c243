// Where the time of workers goes that they do not spend on trials. Workers measure their trials on
// their own clocks and report them as costs; what lies between, the coordinator measures here on
// its own: a process that starts, a worker that waits for work, a worker that died with what it had
// not reported. Costs and these totals together are the time of all workers, and so the clock of
// the machine, without a gap; whoever adds them up sees whether that is true.
//
// All in machine seconds: seconds of a worker over the number of workers side by side, so that n
// workers together spend one machine second a second. Times are those of one clock, in seconds.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace frugal::experiment {

class WorkerTime {
 public:
  struct Totals {
    double starting = 0;  // processes, until their first request
    double waiting = 0;   // for work, or for the coordinator's answers
    double lost = 0;      // what a dead worker had done since its last word, and its replacement
  };
  using Lease = std::pair<std::int64_t, std::int64_t>;  // trial, fence

  // So many workers are about to start, side by side; all have ended.
  void open(unsigned workers, double now);
  void close(double now);
  bool is_open() const { return is_open_; }
  // Of the machine, for each worker. Also after close.
  double share() const { return share_; }

  // Nothing below counts while it is not open.
  void met(const std::string& worker, double now);  // a new process asked for the first time
  void leased(const std::string& worker, double now);
  // A report was accepted, and accounts for the worker's time until now. waited_seconds: before the
  // lease; counted once for each.
  void heard(const std::string& worker, Lease lease, double waited_seconds, double now);
  void ended(const std::string& worker, double now);  // the trial, in whatever way

  // As if it were closed now.
  Totals totals(double now) const;
  // Machine seconds in which workers had no trial, as the coordinator saw it, starts included.
  double idle_seconds(double now) const;

 private:
  struct Worker {
    double accounted_until = 0;
    bool busy = false;
    Lease waited_for{0, 0};
  };
  Worker& worker(const std::string& name, double now);
  void set_busy(Worker& worker, bool busy, double now);

  bool is_open_ = false;
  double share_ = 1;
  unsigned count_ = 0, busy_ = 0;
  double opened_at_ = 0, changed_at_ = 0;
  double idle_ = 0;  // until changed_at_
  Totals totals_;
  std::map<std::string, Worker> workers_;
};

}  // namespace frugal::experiment
