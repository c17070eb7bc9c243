// The live status block of tune, and its plain lines.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/arm.h"
#include "cli/console.h"

namespace frugal::cli {

struct TuneClock {
  double spent_seconds = 0;
  std::optional<double> allowed_seconds;
  std::string budget;
};

class TuneView {
 public:
  TuneView(Console& console, std::string title) : console_(console), title_(std::move(title)) {}

  // Says what is new since the last call (a line for each trial that began or ended) and redraws
  // the block. trials: of the arm at work, by id; values: of those that ended.
  void show(const Arm& arm, const std::vector<experiment::Trial>& trials,
            const std::map<experiment::Id, double>& values, const TuneClock& clock);

 private:
  void say_what_is_new(const Arm& arm, const std::vector<experiment::Trial>& trials,
                       const std::map<experiment::Id, double>& values);

  Console& console_;
  std::string title_;
  std::map<experiment::Id, experiment::TrialState> known_;
};

}  // namespace frugal::cli
