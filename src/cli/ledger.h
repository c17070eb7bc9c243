// The experiment's clock, taken apart: what the coordinator does itself, stage by stage, and the
// time of workers that went into no trial (experiment/worker_time.h). With the trials' own share of
// the machine that is the whole clock; the report shows what is missing to it. Kept in the store,
// like the meter, so that a kill loses no more of the one than of the other.
//
// While workers run beside a stage, only their idle part of the machine is the stage's: their
// trials are charged for the rest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "experiment/scheduler.h"

namespace frugal::cli {

class Ledger {
 public:
  struct Line {
    std::string name;
    double seconds = 0;  // of the machine
  };

  // Takes up what the store holds.
  Ledger(experiment::Scheduler& scheduler, const Clock& clock);

  // Until it goes out of scope, the time is that stage's. One at a time; workers do not begin or
  // end in it, unless they end with it.
  class Stage {
   public:
    Stage(Ledger& ledger, const std::string& name);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

   private:
    Ledger& ledger_;
  };

  // In the order in which they began, the workers' last; what is going on counts until now.
  std::vector<Line> lines() const;
  void save();  // when the meter is saved: then they tell of the same time

 private:
  struct Running {
    std::string name;
    bool beside_workers = false;
    double began = 0;  // on the clock, or in idle seconds
  };
  double now(bool beside_workers) const;
  void add(std::vector<Line>& stages, double& beside_workers) const;
  Json snapshot() const;

  experiment::Scheduler& scheduler_;
  const Clock& clock_;
  std::vector<Line> stages_;
  double beside_workers_ = 0;  // of the stages' seconds: taken from the workers' waiting
  experiment::WorkerTime::Totals before_;  // of earlier coordinators on this store
  std::optional<Running> running_;
};

}  // namespace frugal::cli
