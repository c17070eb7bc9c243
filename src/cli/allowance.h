// What the budget of an optimization lets begin. Thread-safe: the scheduler asks from its threads.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::cli {

class Allowance {
 public:
  // runs: full-task costs, seconds: of the experiment's clock; nullopt: any number. trials: those
  // that there are already.
  Allowance(experiment::Experiment experiment, std::optional<double> runs,
            std::optional<double> seconds, const std::vector<experiment::Trial>& trials);

  // From the trials that succeeded, how long one takes.
  void learn_seconds(const std::vector<experiment::Trial>& trials);

  // Whether a new trial of the task would end inside of the budget; counts it as begun if so. Once
  // one would not, no other will.
  bool admits(const optimizer::Task& task, double spent_seconds);
  // Nothing more will be let begin.
  bool is_spent(double spent_seconds) const;

 private:
  double expected_seconds(const optimizer::Task& task) const;

  struct Seen {  // sums over the trials of a task
    double seconds = 0, cost = 0, count = 0;
  };

  const experiment::Experiment experiment_;
  const std::optional<double> runs_, seconds_;
  mutable std::mutex mutex_;
  double runs_begun_ = 0;
  bool refused_ = false;
  std::map<std::string, Seen> seen_;  // by task
};

}  // namespace frugal::cli
