// The coordinator of one run on this machine: the store, scheduler and clock of its folder, and,
// once they are started, the HTTP server and the workers, which run the same program: as child
// processes, or on the nodes of a cluster.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/launching.h"
#include "cli/ledger.h"
#include "cli/meter.h"
#include "cli/run_folder.h"
#include "cli/trial_samples.h"
#include "experiment/scheduler.h"
#include "launch/launcher.h"
#include "serve/depot.h"
#include "serve/server.h"

namespace frugal::cli {

class Coordinator {
 public:
  // Opens the folder's store and takes back what was leased: whoever held a lease ended with the
  // coordinator before us. Throws InputError: another process has the store.
  explicit Coordinator(RunFolder folder);
  ~Coordinator();

  const SystemClock& clock() const { return clock_; }
  experiment::Scheduler& scheduler() { return scheduler_; }
  const experiment::Scheduler& scheduler() const { return scheduler_; }
  const Meter& meter() const { return meter_; }
  // What workers get that do not see the run's folder.
  serve::Depot& depot() { return depot_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }

  // Where a person can watch, and what is needed there; "" before start_workers().
  std::string dashboard() const;
  bool has_workers() const { return launcher_ != nullptr; }
  // workers: at most, side by side; of a cluster as many as there is work for. options: more of
  // frugal worker. dollars_per_hour: of what they share, all together. say: what a user should
  // know. Call it, and watch, from one thread that outlives the workers. The run's clock stands
  // until the first worker of a cluster has begun.
  void start_workers(const Launching& launching, unsigned workers,
                     const std::vector<std::string>& options, double dollars_per_hour,
                     const std::function<void(const std::string&)>& say);
  // To be called a few times a second: replaces dead workers, takes back lost trials, saves the
  // meter and the ledger, and for frugal cluster what the workers do. Throws SystemError when
  // workers cannot live.
  void watch();
  // Running trials are given back. No process remains.
  void stop_workers();
  // The server too.
  void stop();

 private:
  void begin();
  void wait_for_the_first();
  void take_back_from_the_gone();
  void tell();

  RunFolder folder_;
  SystemClock clock_;
  std::unique_ptr<experiment::Store> store_;
  experiment::Scheduler scheduler_;
  Meter meter_;
  Ledger ledger_;
  TrialSamples samples_;
  serve::Depot depot_;
  std::unique_ptr<serve::Server> server_;
  std::unique_ptr<launch::Launcher> launcher_;
  unsigned workers_ = 0;
  double dollars_per_hour_ = 0;
  std::set<std::string> gone_;  // workers whose trials were taken back
  bool on_cluster_ = false, has_begun_ = false;
  double told_at_ = 0;
};

}  // namespace frugal::cli
