// What the scheduler's source files share.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <set>
#include <thread>
#include <utility>

#include "experiment/history.h"
#include "experiment/recent.h"
#include "experiment/scheduler.h"

namespace frugal::experiment {

inline bool is_over(const Trial& trial) {
  return trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
}

// The reasons of a trial that runs and shall end: it was asked for; its learning curve says so.
inline constexpr const char* kStopped = "stopped by request";
inline constexpr const char* kHopeless = "hopeless by its learning curve";

inline bool shall_end(const Trial& trial) {
  return trial.reason == kStopped || trial.reason == kHopeless;
}

// Suggestions made before anybody asked, for clients without leases.
struct Ahead {
  std::deque<optimizer::Suggestion> suggestions;
  std::size_t observed = 0;                  // observations that they know of
  std::uint64_t trials = 0;                  // that there were when they were made
  std::size_t asked = 0;                     // since then
  bool wanted = false;                       // somebody has asked before
  std::vector<optimizer::Suggestion> given;  // since the making of the next ones began

  // So many results may be missing: no more than are pending, or than make no difference.
  static std::size_t allowed_lag(std::size_t observed_now, std::size_t pending) {
    return std::max({std::size_t{1}, pending, observed_now / 20});
  }
  std::size_t lag(std::size_t observed_now) const {
    return observed_now - std::min(observed, observed_now);
  }
  bool is_of_use(std::size_t observed_now, std::size_t pending) const {
    return !suggestions.empty() && lag(observed_now) <= allowed_lag(observed_now, pending);
  }
};

// What the observations tell, read one after the other.
struct Learned {
  Recent recent;
  Summary summary;
  std::vector<std::pair<Id, std::size_t>> passed;  // (trial, task) observed on the way
  Id last = 0;

  void add(const Observation& observation, const Experiment& experiment) {
    if (observation.on_the_way)
      passed.emplace_back(observation.trial, observation.point.task);
    else
      summary.add(observation, experiment);
    recent.add(observation, experiment.maximize);
    last = observation.id;
  }
};

// One experiment in memory: what is live, and what the suggester needs. Entries are never taken
// away, so that a reference outlives the lock.
struct Scheduler::Entry {
  explicit Entry(Experiment the_experiment) : experiment(std::move(the_experiment)) {}

  Experiment experiment;
  std::map<Id, Trial> live;  // not ended; those that just ended, until that is on disk
  std::deque<std::pair<Journal::Ticket, Id>> leaving;  // of live: ended; on disk by that ticket
  std::set<std::pair<Id, std::size_t>> passed;         // (live trial, task) observed on the way
  std::uint64_t trials = 0;                            // ever
  Recent recent;
  Summary summary;
  bool search_over = false;
  bool is_waiting = false;  // the suggester has nothing before something new is observed
  bool gone = false;        // it never came to the disk
  Revision revision;
  std::uint64_t learnings = 0, learned = 0;  // begun; the latest that has ended

  // The suggester works outside of the lock, for one caller at a time: busy.
  std::unique_ptr<optimizer::Suggester> suggester;
  KeptHistory history;
  bool busy = false;
  bool unprepared = false;     // observations came since the suggester looked last
  std::size_t prepare_at = 0;  // so many: a few more make no difference to a fit
  Ahead ahead;

  std::size_t running() const {
    return static_cast<std::size_t>(std::count_if(live.begin(), live.end(), [](const auto& item) {
      return item.second.state == TrialState::kRunning;
    }));
  }

  RandomStream random() const {
    return RandomStream(experiment.seed).derive("suggestion").derive(trials);
  }

  bool searches() const {
    return experiment.state == ExperimentState::kActive && experiment.search == Search::kOn &&
           !search_over;
  }
  // Before they are of no use any more; where none could be made, only after something changed.
  bool wants_ahead() const {
    if (!ahead.wanted || !searches()) return false;
    if (ahead.suggestions.empty() && ahead.trials != trials) return true;
    const std::size_t observed = summary.observation_count;
    return 2 * ahead.lag(observed) > Ahead::allowed_lag(observed, live.size());
  }
};

// Fits models and suggests between requests, so that none has to wait for it.
struct Scheduler::Preparation {
  std::condition_variable wanted;  // observations came, or the end
  std::condition_variable idle;    // a suggester is free again
  bool ending = false;
  std::thread thread;
};

// The attempt is over: state, and what it cost.
void end_attempt(Trial& trial, TrialState state, const Cost& cost, double now);

}  // namespace frugal::experiment
