// The coordinator of one run on this machine: the store, scheduler and clock of its folder, and,
// once they are started, the HTTP server and the workers, child processes of the same program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/ledger.h"
#include "cli/meter.h"
#include "cli/run_folder.h"
#include "experiment/scheduler.h"
#include "launch/launcher.h"
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
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }

  // Where a person can watch, and what is needed there; "" before start_workers().
  std::string dashboard() const;
  bool has_workers() const { return launcher_ != nullptr; }
  // options: more of frugal worker. dollars_per_hour: of the machine that they share. Call it, and
  // watch, from one thread that outlives the workers.
  void start_workers(unsigned workers, const std::vector<std::string>& options,
                     double dollars_per_hour);
  // To be called a few times a second: starts dead workers again, takes back lost trials, saves
  // the meter and the ledger. Throws SystemError when workers cannot live.
  void watch();
  // Running trials are given back. No process remains.
  void stop_workers();

 private:
  RunFolder folder_;
  SystemClock clock_;
  std::unique_ptr<experiment::Store> store_;
  experiment::Scheduler scheduler_;
  Meter meter_;
  Ledger ledger_;
  std::unique_ptr<serve::Server> server_;
  std::unique_ptr<launch::Launcher> launcher_;
};

}  // namespace frugal::cli
