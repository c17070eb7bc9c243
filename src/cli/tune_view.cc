#include "cli/tune_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string describe(const Trial& trial, const experiment::Experiment& experiment) {
  const std::string role = Arm::role(trial);
  return fmt::format(
      "trial {} {} {}", trial.id, experiment.tasks[trial.suggestion.task].name,
      role == "search"
          ? ""
          : fmt::format("({}, seed {})", role, trial.metadata.value("seed", std::uint64_t{0})));
}

std::string running_line(const Trial& trial, const experiment::Experiment& experiment) {
  const double epochs = trial.progress.value("epochs", 0.0), of = trial.progress.value("of", 0.0);
  std::string line = fmt::format("  {:<34}", describe(trial, experiment));
  if (of > 0) line += fmt::format("epoch {:.1f} of {:.1f}", epochs, of);
  const Json history = trial.progress.value("history", Json::array());
  if (!history.empty()) line += "  " + percent(history.back().value("validation_accuracy", 0.0));
  return line;
}

// The best value on the full task.
const Trial* best_full(const std::vector<Trial>& trials,
                       const std::map<experiment::Id, double>& values,
                       const experiment::Experiment& experiment) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (trial.suggestion.task != full_task(experiment) || !values.contains(trial.id)) continue;
    if (best == nullptr || values.at(trial.id) > values.at(best->id)) best = &trial;
  }
  return best;
}

const char* phase_text(Phase phase) {
  switch (phase) {
    case Phase::kSearch:
      return "searching";
    case Phase::kWaiting:
      return "last trials of the search, untuned runs on fresh seeds";
    case Phase::kReruns:
      return "runs on fresh seeds";
    case Phase::kDone:
      return "done";
  }
  return "";
}

}  // namespace

void TuneView::say_what_is_new(const Arm& arm, const std::vector<Trial>& trials,
                               const std::map<experiment::Id, double>& values) {
  const auto& experiment = arm.experiment();
  for (const Trial& trial : trials) {
    const auto known = known_.find(trial.id);
    if (known != known_.end() && known->second == trial.state) continue;
    known_[trial.id] = trial.state;
    const std::string name = fmt::format("{}: {}", experiment.name, describe(trial, experiment));
    if (trial.state == TrialState::kDone && !trial.reason.empty()) {
      console_.line(
          fmt::format("{:<52}  {}  {:.0f} s", name, trial.reason, trial.cost.wall_seconds));
    } else if (trial.state == TrialState::kDone && values.contains(trial.id)) {
      console_.line(fmt::format("{:<52} {:>7}  {:.0f} s", name, percent(values.at(trial.id)),
                                trial.cost.wall_seconds));
    } else if (trial.state == TrialState::kFailed) {
      console_.line(fmt::format("{:<52}  failed: {}", name, trial.reason));
    } else if (trial.state == TrialState::kPreempted) {
      console_.line(fmt::format("{:<52}  interrupted, will go on", name));
    } else if (trial.state == TrialState::kRunning && console_.verbose()) {
      console_.line(
          fmt::format("{:<52}  {}", name, optimizer::to_json(trial.suggestion.assignments).dump()));
    }
    if (trial.state != TrialState::kOpen) {
      Json event = {{"event", "trial"}, {"strategy", experiment.name}, {"role", Arm::role(trial)}};
      event["trial"] = to_json(trial, experiment);
      event["trial"].erase("progress");
      if (values.contains(trial.id)) event["value"] = values.at(trial.id);
      console_.event(event);
    }
  }
}

void TuneView::show(const Arm& arm, const std::vector<Trial>& trials,
                    const std::map<experiment::Id, double>& values, const TuneClock& clock) {
  say_what_is_new(arm, trials, values);
  if (!console_.live()) return;
  const auto& experiment = arm.experiment();
  std::vector<std::string> lines = {
      fmt::format("{}  {}  {}", title_, experiment.name, phase_text(arm.phase()))};
  for (const Trial& trial : trials)
    if (trial.state == TrialState::kRunning) lines.push_back(running_line(trial, experiment));
  const auto ended = std::count_if(trials.begin(), trials.end(), [](const Trial& trial) {
    return trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
  });
  const Trial* best = best_full(trials, values, experiment);
  lines.push_back(fmt::format(
      "  trials {}  best so far {}", ended,
      best == nullptr ? "none yet"
                      : fmt::format("{} (trial {})", percent(values.at(best->id)), best->id)));
  if (clock.allowed_seconds)
    lines.push_back(fmt::format("  spent {} of {}  [{}]  to go {}", clock_text(clock.spent_seconds),
                                clock_text(*clock.allowed_seconds),
                                bar_text(clock.spent_seconds / *clock.allowed_seconds, 30),
                                clock_text(*clock.allowed_seconds - clock.spent_seconds)));
  else
    lines.push_back(
        fmt::format("  spent {}  budget {}", clock_text(clock.spent_seconds), clock.budget));
  console_.status(lines);
}

}  // namespace frugal::cli
