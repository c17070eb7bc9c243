#include "cli/optimize_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/table.h"

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

constexpr std::size_t kRunningRows = 8;

std::string name_of(const Standing& standing, const Trial& trial) {
  return standing.experiment.tasks.size() > 1
             ? fmt::format("trial {:<4} {:<8}", trial.id,
                           report::printable(standing.task_of(trial)))
             : fmt::format("trial {:<4}", trial.id);
}

std::string running_line(const Standing& standing, const Trial& trial, double seconds) {
  const std::string said = trial.progress.value("output", "");
  return fmt::format("  {} {}  {}{}", name_of(standing, trial), clock_text(seconds),
                     assignments_text(trial.suggestion.assignments),
                     said.empty() ? "" : "  | " + report::printable(said));
}

// How much longer, by what was spent since this start; nullopt: nobody knows yet.
std::optional<double> seconds_to_go(const Standing& standing, double seconds_before,
                                    double runs_before) {
  std::optional<double> seconds;
  if (standing.allowed_seconds) seconds = *standing.allowed_seconds - standing.spent_seconds;
  const double runs = standing.spent_runs() - runs_before;
  if (standing.budget.runs && runs > 0) {
    const double by_runs = (*standing.budget.runs - standing.spent_runs()) *
                           (standing.spent_seconds - seconds_before) / runs;
    seconds = std::min(seconds.value_or(by_runs), by_runs);
  }
  return seconds;
}

double share_spent(const Standing& standing) {
  double share = 0;
  if (standing.budget.runs) share = standing.spent_runs() / *standing.budget.runs;
  if (standing.allowed_seconds)
    share = std::max(share, standing.spent_seconds / *standing.allowed_seconds);
  return share;
}

}  // namespace

OptimizeView::OptimizeView(Console& console, const Standing& before)
    : console_(console), seconds_before_(before.spent_seconds), runs_before_(before.spent_runs()) {
  for (const Trial& trial : before.trials)
    if (before.is_over(trial)) known_[trial.id] = {trial.state, 0};
  if (const auto ranking = before.ranking(); !ranking.empty()) best_ = before.value_of(*ranking[0]);
}

void OptimizeView::say_end(const Standing& standing, const Trial& trial) {
  const auto value = standing.value_of(trial);
  if (!value) {
    const Failure failure = failure_of(trial);
    const std::string last = failure.last_words.substr(failure.last_words.rfind('\n') + 1);
    console_.line(fmt::format("{}  failed: {}{}", name_of(standing, trial), failure.reason,
                              last.empty() ? "" : ": " + last));
    return;
  }
  const bool full = trial.suggestion.task == full_task(standing.experiment);
  const bool best =
      full && (!best_ || (standing.experiment.maximize ? *value > *best_ : *value < *best_));
  if (best) best_ = value;
  console_.line(fmt::format("{}  {:<11} {:>6.1f} s  {}{}", name_of(standing, trial),
                            value_text(*value), trial.cost.wall_seconds,
                            assignments_text(trial.suggestion.assignments),
                            best ? "  best so far" : ""));
}

void OptimizeView::say_what_is_new(const Standing& standing, double now_seconds) {
  for (const Trial& trial : standing.trials) {
    const auto known = known_.find(trial.id);
    if (known != known_.end() && known->second.state == trial.state) continue;
    known_[trial.id] = {trial.state, now_seconds};
    if (standing.is_over(trial))
      say_end(standing, trial);
    else if (trial.state == TrialState::kPreempted)
      console_.line(fmt::format("{}  interrupted, will run again", name_of(standing, trial)));
    else if (trial.state == TrialState::kRunning && console_.verbose())
      console_.line(fmt::format("{}  begins: {}", name_of(standing, trial),
                                assignments_text(trial.suggestion.assignments)));
    Json event = {{"event", "trial"}, {"trial", experiment::to_json(trial, standing.experiment)}};
    event["trial"].erase("progress");
    if (const auto value = standing.value_of(trial)) event["value"] = *value;
    console_.event(event);
  }
}

void OptimizeView::show(const Standing& standing, double now_seconds) {
  say_what_is_new(standing, now_seconds);
  if (!console_.live()) return;
  const auto ranking = standing.ranking();
  std::vector<std::string> lines = {""};
  std::size_t running = 0;
  for (const Trial& trial : standing.trials)
    if (trial.state == TrialState::kRunning && running++ < kRunningRows)
      lines.push_back(running_line(standing, trial, now_seconds - known_[trial.id].since_seconds));
  if (running > kRunningRows)
    lines.push_back(fmt::format("  and {} more at work", running - kRunningRows));
  if (running == 0) lines.emplace_back("  thinking about the next trial");
  lines.push_back(ranking.empty()
                      ? "  best     none yet on the full task"
                      : fmt::format("  best     {} {}  (trial {})  {}",
                                    report::printable(standing.experiment.metric),
                                    value_text(*standing.value_of(*ranking[0])), ranking[0]->id,
                                    assignments_text(ranking[0]->suggestion.assignments)));
  lines.push_back(fmt::format("  trials   {} ended, {} of them failed, {} at work",
                              standing.ended(), standing.failed(), running));
  const auto to_go = seconds_to_go(standing, seconds_before_, runs_before_);
  lines.push_back(fmt::format("  spent    {}  [{}]{}", spent_text(standing),
                              bar_text(share_spent(standing), 24),
                              to_go ? "  about " + clock_text(*to_go) + " to go" : ""));
  console_.status(lines);
}

}  // namespace frugal::cli
