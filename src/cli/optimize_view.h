// The live status block of optimize, and its plain lines.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/optimize_result.h"

namespace frugal::cli {

class OptimizeView {
 public:
  // Of the trials in before, those that have ended are not told again.
  OptimizeView(Console& console, const Standing& before);

  // Says what is new since the last call (a line for each trial that ended) and redraws the block.
  void show(const Standing& standing, double now_seconds);

 private:
  void say_what_is_new(const Standing& standing, double now_seconds);
  void say_end(const Standing& standing, const experiment::Trial& trial);

  Console& console_;
  struct Seen {
    experiment::TrialState state = experiment::TrialState::kOpen;
    double since_seconds = 0;
  };
  std::map<experiment::Id, Seen> known_;
  std::optional<double> best_;
  double seconds_before_, runs_before_;
};

}  // namespace frugal::cli
