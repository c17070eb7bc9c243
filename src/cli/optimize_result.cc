#include "cli/optimize_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "report/numbers.h"
#include "report/table.h"
#include "worker/folders.h"
#include "worker/program_executor.h"

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

constexpr std::size_t kBestRows = 5;
constexpr std::size_t kFailureRows = 5;
constexpr const char* kBlank = " ";  // the title of a column without one: tables hide those of none

std::string short_text(const optimizer::Value& value) {
  if (const double* number = std::get_if<double>(&value)) return fmt::format("{:.4g}", *number);
  return report::printable(worker::text_of(value));
}

// A program's own numbers: 0.3, 45.2, then what a report says.
std::string seconds_text(double seconds) {
  return seconds < 10 ? fmt::format("{:.2g} s", seconds) : report::duration_text(seconds);
}

std::string indented(const std::string& text, const std::string& indent) {
  std::string lines = indent;
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += indent;
  }
  return lines;
}

bool is_recommended(const Standing& standing, const Trial& trial) {
  const auto& space = standing.experiment.space;
  return standing.recommended && space.canonical_key(*standing.recommended) ==
                                     space.canonical_key(trial.suggestion.assignments);
}

report::Table best_table(const Standing& standing) {
  report::Table table{.name = "best"};
  table.columns = {{kBlank, "", false},
                   {"trial", "trial"},
                   {report::printable(standing.experiment.metric), "value"}};
  for (const auto& conditional : standing.experiment.space.conditionals())
    table.columns.push_back({conditional.name, conditional.name, false});
  for (const auto& parameter : standing.experiment.space.parameters())
    table.columns.push_back(
        {parameter.name, parameter.name, parameter.type != optimizer::ParameterType::kCategorical});
  const auto ranking = standing.ranking();
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    const Trial& trial = *ranking[i];
    const bool recommended = is_recommended(standing, trial);
    if (i >= kBestRows && !recommended) continue;
    std::vector<report::Cell> row = {{recommended ? "*" : "", ""},
                                     {std::to_string(trial.id), std::to_string(trial.id)},
                                     {value_text(standing.value_of(trial).value()), ""}};
    for (std::size_t c = row.size(); c < table.columns.size(); ++c) {
      const auto& assignments = trial.suggestion.assignments;
      const auto value = assignments.find(table.columns[c].title);
      row.push_back({value == assignments.end() ? "–" : short_text(value->second), ""});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// By task, in the experiment's order.
struct TaskTotals {
  optimizer::Task task;
  std::size_t done = 0, failed = 0;
  double seconds = 0, seconds_of_done = 0;
};

std::vector<TaskTotals> totals(const Standing& standing) {
  std::vector<TaskTotals> all;
  for (const auto& task : standing.experiment.tasks) all.push_back({task});
  for (const Trial& trial : standing.trials) {
    TaskTotals& total = all.at(trial.suggestion.task);
    total.done += trial.state == TrialState::kDone;
    total.failed += trial.state == TrialState::kFailed;
    total.seconds += trial.cost.wall_seconds;
    if (trial.state == TrialState::kDone) total.seconds_of_done += trial.cost.wall_seconds;
  }
  return all;
}

report::Table task_table(const Standing& standing) {
  report::Table table{.name = "tasks"};
  table.columns = {{kBlank, "", false},    {"task", "task", false}, {"cost", "cost"},
                   {"done", "done"},       {"failed", "failed"},    {"each", "seconds_each"},
                   {"all told", "seconds"}};
  for (const TaskTotals& total : totals(standing))
    table.rows.push_back(
        {{"", ""},
         {report::printable(total.task.name), ""},
         {fmt::format("{:g}", total.task.cost), ""},
         {std::to_string(total.done), ""},
         {std::to_string(total.failed), ""},
         {total.done == 0 ? "–"
                          : seconds_text(total.seconds_of_done / static_cast<double>(total.done)),
          ""},
         {seconds_text(total.seconds), ""}});
  return table;
}

// By reason, the commonest first, each with its trials in order.
std::vector<std::pair<std::string, std::vector<const Trial*>>> failures(const Standing& standing) {
  std::map<std::string, std::vector<const Trial*>> by_reason;
  for (const Trial& trial : standing.trials)
    if (trial.state == TrialState::kFailed) by_reason[failure_of(trial).reason].push_back(&trial);
  std::vector<std::pair<std::string, std::vector<const Trial*>>> sorted(by_reason.begin(),
                                                                        by_reason.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  return sorted;
}

std::string failures_text(const Standing& standing) {
  std::string text;
  std::size_t rows = 0;
  const auto all = failures(standing);
  for (const auto& [reason, trials] : all) {
    if (rows++ == kFailureRows) {
      text += fmt::format("  and {} more reasons\n", all.size() - kFailureRows);
      break;
    }
    const Trial& last = *trials.back();
    text +=
        fmt::format("  {} × {} ({}{})\n", trials.size(), reason, trials.size() > 1 ? "last: " : "",
                    worker::trial_folder(standing.output, last.id));
    const std::string words = failure_of(last).last_words;
    if (!words.empty()) text += indented(words, "      ") + "\n";
  }
  return text;
}

// As one would type it: with those assignments that the command does not name in its environment.
std::string command_text(const Standing& standing, const Trial& trial) {
  const auto setup = worker::program_setup_from_json(standing.experiment.metadata.at("program"));
  const auto used = worker::names_in(setup.command, worker::names_of(standing.experiment.space));
  std::string text;
  if (!used.contains("assignments_file"))
    for (const auto& [name, value] : trial.suggestion.assignments)
      if (!used.contains(name))
        text += fmt::format("{}={} ", worker::environment_name(name),
                            worker::shell_text({worker::text_of(value)}));
  const auto substitutes = worker::substitutes_of(setup, standing.experiment, trial);
  text += worker::shell_text(worker::fill_in(setup.command, substitutes));
  return report::printable(text);
}

std::string recommendation_text(const Standing& standing,
                                const std::vector<const Trial*>& ranking) {
  if (std::any_of(ranking.begin(), ranking.end(),
                  [&](const Trial* trial) { return is_recommended(standing, *trial); }))
    return "  * best by the model, which allows for noise\n";
  return fmt::format("  The model believes most in {}, which only cheaper tasks have tried\n",
                     assignments_text(*standing.recommended));
}

Json trial_json(const Standing& standing, const Trial& trial) {
  Json json = {{"trial", trial.id},
               {"assignments", optimizer::to_json(trial.suggestion.assignments)},
               {"value", standing.value_of(trial).value()},
               {"command", command_text(standing, trial)}};
  if (const auto& stddev = standing.end_of(trial)->value_stddev) json["value_stddev"] = *stddev;
  return json;
}

}  // namespace

const experiment::Observation* Standing::end_of(const Trial& trial) const {
  const auto found = ends.find(trial.id);
  return found == ends.end() ? nullptr : &found->second;
}

std::optional<double> Standing::value_of(const Trial& trial) const {
  const auto* end = end_of(trial);
  return end == nullptr ? std::nullopt : end->value;
}

const std::string& Standing::task_of(const Trial& trial) const {
  return experiment.tasks.at(trial.suggestion.task).name;
}

bool Standing::is_over(const Trial& trial) const {
  return trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
}

std::size_t Standing::ended() const {
  return static_cast<std::size_t>(
      std::count_if(trials.begin(), trials.end(), [this](const Trial& t) { return is_over(t); }));
}

std::size_t Standing::failed() const {
  return static_cast<std::size_t>(std::count_if(
      trials.begin(), trials.end(), [](const Trial& t) { return t.state == TrialState::kFailed; }));
}

double Standing::spent_runs() const {
  double cost = 0;
  for (const Trial& trial : trials)
    if (is_over(trial)) cost += experiment.tasks.at(trial.suggestion.task).cost;
  return cost;
}

std::vector<const Trial*> Standing::ranking() const {
  std::vector<const Trial*> ranked;
  for (const Trial& trial : trials)
    if (trial.suggestion.task == full_task(experiment) && value_of(trial)) ranked.push_back(&trial);
  std::stable_sort(ranked.begin(), ranked.end(), [this](const Trial* a, const Trial* b) {
    return experiment.maximize ? value_of(*a) > value_of(*b) : value_of(*a) < value_of(*b);
  });
  return ranked;
}

std::string value_text(double value) {
  return fmt::format("{:.6g}", value);
}

std::string assignments_text(const optimizer::Assignments& assignments) {
  std::string text;
  for (const auto& [name, value] : assignments)
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", report::printable(name),
                        short_text(value));
  return text;
}

std::string spent_text(const Standing& standing) {
  std::string text =
      standing.budget.runs
          ? fmt::format("{:.4g} of {:g} runs", standing.spent_runs(), *standing.budget.runs)
          : fmt::format("{:.4g} runs", standing.spent_runs());
  text += ", " + clock_text(standing.spent_seconds);
  if (standing.allowed_seconds) text += " of " + clock_text(*standing.allowed_seconds);
  return text;
}

Failure failure_of(const Trial& trial) {
  const std::size_t newline = trial.reason.find('\n');
  if (newline == std::string::npos) return {trial.reason, ""};
  return {trial.reason.substr(0, newline), trial.reason.substr(newline + 1)};
}

std::string to_text(const Standing& standing) {
  const auto& experiment = standing.experiment;
  std::string text =
      fmt::format("{}: {} {}; spent {}\n", report::printable(experiment.name),
                  report::printable(experiment.metric),
                  experiment.maximize ? "maximized" : "minimized", spent_text(standing));
  const auto ranking = standing.ranking();
  if (ranking.empty()) {
    text += "\nNo trial of the full task has succeeded yet.\n";
  } else {
    text += "\nBest on the full task\n" + report::to_text(best_table(standing));
    if (standing.recommended) text += recommendation_text(standing, ranking);
  }
  text += "\nTrials\n" + report::to_text(task_table(standing));
  if (standing.failed() > 0) text += "\nFailures\n" + failures_text(standing);
  if (!ranking.empty())
    text += fmt::format("\nThe best trial's command\n  {}\n", command_text(standing, *ranking[0]));
  return text + fmt::format("\nEverything is in {}\n", standing.output);
}

Json to_json(const Standing& standing) {
  const auto& experiment = standing.experiment;
  Json json = {
      {"experiment", experiment.name},
      {"metric", experiment.metric},
      {"objective", experiment.maximize ? "maximize" : "minimize"},
      {"spent_runs", standing.spent_runs()},
      {"spent_seconds", standing.spent_seconds},
      {"output", standing.output},
      {"best", Json()},
      {"recommended", standing.recommended ? optimizer::to_json(*standing.recommended) : Json()},
      {"ranking", Json::array()},
      {"tasks", Json::array()},
      {"failures", Json::array()}};
  const auto ranking = standing.ranking();
  for (std::size_t i = 0; i < std::min(kBestRows, ranking.size()); ++i)
    json["ranking"].push_back(trial_json(standing, *ranking[i]));
  if (!ranking.empty()) json["best"] = json["ranking"][0];
  for (const TaskTotals& total : totals(standing))
    json["tasks"].push_back({{"name", total.task.name},
                             {"cost", total.task.cost},
                             {"done", total.done},
                             {"failed", total.failed},
                             {"seconds", total.seconds}});
  for (const auto& [reason, trials] : failures(standing)) {
    Json ids = Json::array();
    for (const Trial* trial : trials) ids.push_back(trial->id);
    json["failures"].push_back({{"reason", reason},
                                {"trials", ids},
                                {"last_words", failure_of(*trials.back()).last_words}});
  }
  return json;
}

}  // namespace frugal::cli
