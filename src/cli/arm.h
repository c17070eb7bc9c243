// One strategy being tuned: an experiment of its own, from the untuned run through the search to
// the re-runs of the winner on fresh seeds. Only bookkeeping: workers train, the scheduler hands
// out, and advance() is called again and again until it says that the arm is done.
//
// Everything that must survive is in the scheduler's store; an arm made anew on the same store
// goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/meter.h"
#include "cli/plan.h"
#include "experiment/scheduler.h"

namespace frugal::cli {

struct ArmOptions {
  train::Strategy strategy = train::Strategy::kFineTune;
  Plan plan;
  std::string folder;  // the run's, absolute
  std::string weights;
  std::vector<std::string> classes;  // of the photographs, for people to read
  std::string suggester;
  std::uint64_t seed = 0;
  unsigned seeds = 3;  // fresh ones, for winner and untuned alike
  unsigned workers = 1;
  std::optional<double> end_seconds;  // on the meter: when the re-runs must be over
  std::optional<double> runs;         // full-task costs, all told
};

enum class Phase { kSearch, kWaiting, kReruns, kDone };

class Arm {
 public:
  Arm(ArmOptions options, experiment::Scheduler& scheduler, const Meter& meter);

  experiment::Id id() const { return experiment_.id; }
  const ArmOptions& options() const { return options_; }
  const experiment::Experiment& experiment() const { return experiment_; }
  Phase phase() const { return phase_; }

  // Whether a suggestion may start: it would end before the re-runs must begin. Called by the
  // scheduler under its lock, from any thread.
  bool admits(const optimizer::Task& task);

  // Goes on to the next phase when this one is over. Throws InputError when nothing succeeded.
  void advance();

  // After all that: the winner's recipe once more with those changes, for that long. Once.
  void run_longer(const Json& changes, double seconds);
  // Whether what it runs next is a single run, for which one worker should have all cores.
  bool wants_all_cores() const;

  // Seconds of one worker for a full run, measured when there are measurements.
  double full_run_seconds() const;
  // Of this arm's trials: role "search", "untuned", "winner", "longer".
  static std::string role(const experiment::Trial& trial);
  std::optional<optimizer::Assignments> winner() const { return winner_; }
  bool winner_is_untuned() const;

 private:
  void queue_seeds(const optimizer::Assignments& assignments, const std::string& role,
                   unsigned count, const Json& more = Json::object());
  void queue_only_run(const optimizer::Assignments& assignments);
  void close_search();
  void withdraw_what_does_not_fit(const std::vector<experiment::Trial>& trials);
  double search_deadline() const;
  std::vector<experiment::Trial> trials() const { return scheduler_.trials(experiment_.id); }
  void remember();

  ArmOptions options_;
  experiment::Scheduler& scheduler_;
  const Meter& meter_;
  experiment::Experiment experiment_;
  Phase phase_ = Phase::kSearch;
  std::optional<optimizer::Assignments> winner_;

  std::mutex mutex_;  // of what admits() reads
  double run_seconds_ = 0;
  double cost_spent_ = 0;  // full-task costs of all that was started
  bool refused_ = false;
};

}  // namespace frugal::cli
