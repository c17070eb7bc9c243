// What an experiment's rows add up to, for those who watch it: kept up to date by reading what came
// since the last time, so that looking again costs what is new and not all that there is. Thread-
// safe; whoever asks for an experiment that somebody else reads waits for that.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "experiment/scheduler.h"

namespace frugal::serve {

struct Tally {
  std::size_t done = 0, failed = 0;                      // trials
  std::size_t running = 0, waiting = 0;                  // trials: leased or suggested; not yet
  experiment::Cost cost;                                 // of all trials, the running ones too
  std::vector<std::pair<std::size_t, double>> improved;  // (observations so far, best value)
};

class Tallies {
 public:
  // Throws NotFound.
  Tally of(const experiment::Experiment& experiment, const experiment::Scheduler& scheduler,
           const experiment::Revision& revision);

 private:
  struct Entry {
    std::mutex mutex;
    std::uint64_t rewritings = 0;
    experiment::Id last_trial = -1, last_observation = -1;
    std::set<experiment::Id> open;  // of the trials up to the last: those that had not ended
    std::size_t observations = 0;
    Tally tally;  // of what has ended
  };
  static void add_trials(Entry& entry, const experiment::Experiment& experiment,
                         const std::set<experiment::Id>& live, experiment::Store& store);
  static void add_observations(Entry& entry, const experiment::Experiment& experiment,
                               experiment::Store& store);

  std::mutex mutex_;
  std::map<experiment::Id, std::unique_ptr<Entry>> entries_;
};

}  // namespace frugal::serve
