// Where an optimization stands: its rows, and how they read on a screen and as JSON.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiment/budget.h"
#include "experiment/experiment.h"

namespace frugal::cli {

struct Standing {
  experiment::Experiment experiment;
  std::vector<experiment::Trial> trials;                   // by id
  std::map<experiment::Id, experiment::Observation> ends;  // what ended each trial
  std::optional<optimizer::Assignments> recommended;       // by the suggester
  experiment::Budget budget;
  std::optional<double> allowed_seconds;
  double spent_seconds = 0;
  bool is_spent = false;  // no trial will begin but those that are here
  std::string output;     // the run's folder, as the user wrote it

  const experiment::Observation* end_of(const experiment::Trial& trial) const;
  std::optional<double> value_of(const experiment::Trial& trial) const;
  const std::string& task_of(const experiment::Trial& trial) const;
  bool is_over(const experiment::Trial& trial) const;

  std::size_t ended() const;
  std::size_t failed() const;
  double spent_runs() const;  // full-task costs of all trials that ended
  // Trials of the full task that succeeded, the best first.
  std::vector<const experiment::Trial*> ranking() const;
};

// "0.0123", "lr 0.0123  momentum 0.9"
std::string value_text(double value);
std::string assignments_text(const optimizer::Assignments& assignments);

// "12.4 of 40 runs, 03:12 of 10:00"
std::string spent_text(const Standing& standing);

// Why a trial failed: a line, and the program's last words below it.
struct Failure {
  std::string reason, last_words;
};
Failure failure_of(const experiment::Trial& trial);

// The final table: the best assignments, the trials of each task, the failures.
std::string to_text(const Standing& standing);
Json to_json(const Standing& standing);

}  // namespace frugal::cli
