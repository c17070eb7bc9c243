// What the scheduler's two source files share.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "experiment/history.h"
#include "experiment/scheduler.h"

namespace frugal::experiment {

// One experiment in memory; the store holds the same. Entries are never taken away, so that a
// reference outlives the lock.
struct Scheduler::Entry {
  Experiment experiment;
  std::map<Id, Trial> trials;
  std::vector<Observation> observations;
  bool search_over = false;

  // The suggester works outside of the lock, for one caller at a time: busy.
  std::unique_ptr<optimizer::Suggester> suggester;
  bool busy = false;
  bool unprepared = false;  // observations came since the suggester looked last

  std::size_t running() const {
    return static_cast<std::size_t>(
        std::count_if(trials.begin(), trials.end(),
                      [](const auto& item) { return item.second.state == TrialState::kRunning; }));
  }

  optimizer::History history() const { return history_of(experiment, trials, observations); }

  RandomStream random() const {
    return RandomStream(experiment.seed).derive("suggestion").derive(trials.size());
  }

  bool searches() const { return experiment.state == ExperimentState::kActive && !search_over; }
};

// Fits models between requests, so that none has to wait for it.
struct Scheduler::Preparation {
  std::condition_variable wanted;  // observations came, or the end
  std::condition_variable idle;    // a suggester is free again
  bool ending = false;
  std::thread thread;
};

// The attempt is over: state, and what it cost.
void end_attempt(Trial& trial, TrialState state, const Cost& cost, double now);

}  // namespace frugal::experiment
