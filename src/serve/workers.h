// Which workers there are, by what the server hears of them. In memory: a worker is known from its
// first request on, and forgotten an hour after its last one. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "experiment/experiment.h"

namespace frugal::serve {

class Workers {
 public:
  explicit Workers(const Clock& clock) : clock_(clock) {}

  void asked(const std::string& worker);       // for work, and got none yet
  void heard(const experiment::Trial& trial);  // of its trial, or that it was given it
  void ended(const experiment::Trial& trial);

  // By name: {"name", "state", "experiment", "trial", "heard", "since", "ended_trials"}, those of
  // one experiment alone, or, with 0, all.
  Json list(experiment::Id experiment);

 private:
  struct Worker {
    experiment::Id experiment = 0, trial = 0;  // 0: it waits for one
    double since = 0, heard = 0;
    std::uint64_t ended = 0;
  };
  Worker& worker(const std::string& name);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Worker> workers_;
};

}  // namespace frugal::serve
