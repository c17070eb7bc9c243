// What frugal optimize would do: --dry-run.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/optimization.h"
#include "report/table.h"

namespace frugal::cli {
namespace {

using experiment::Trial;

constexpr unsigned kFirstSuggestions = 3;

std::string range_text(const optimizer::Parameter& parameter) {
  if (parameter.type == optimizer::ParameterType::kCategorical)
    return fmt::format("{}", fmt::join(parameter.categories, ", "));
  if (!parameter.grid.empty()) return fmt::format("{}", fmt::join(parameter.grid, ", "));
  return fmt::format("{:g} to {:g}{}", parameter.min, parameter.max,
                     parameter.log ? ", logarithmic" : "");
}

std::string space_text(const optimizer::Space& space) {
  report::Table table{.name = "space"};
  table.columns = {{" ", "", false},
                   {"parameter", "name", false},
                   {"values", "values", false},
                   {" ", "", false}};
  for (const auto& conditional : space.conditionals())
    table.rows.push_back({{"", ""},
                          {report::printable(conditional.name), ""},
                          {fmt::format("{}", fmt::join(conditional.values, ", ")), ""},
                          {"", ""}});
  for (const auto& parameter : space.parameters()) {
    std::string when;
    for (const auto& [name, values] : parameter.conditions)
      when += fmt::format("{}{} is {}", when.empty() ? "when " : " and ", name,
                          fmt::join(values, " or "));
    table.rows.push_back({{"", ""},
                          {report::printable(parameter.name), ""},
                          {report::printable(range_text(parameter)), ""},
                          {report::printable(when), ""}});
  }
  return report::to_text(table);
}

std::string metric_text(const worker::MetricRule& rule, const std::string& metric) {
  const std::string where = rule.file.empty() ? "standard output" : rule.file;
  if (!rule.regex.empty()) return fmt::format("the last match of {} in {}", rule.regex, where);
  return fmt::format("the last line of {} that is a number or JSON with the key \"{}\"", where,
                     metric);
}

std::string tasks_text(const std::vector<optimizer::Task>& tasks) {
  std::vector<std::string> words;
  for (const auto& task : tasks)
    words.push_back(fmt::format("{} (cost {:g})", task.name, task.cost));
  return fmt::format("{}", fmt::join(words, ", "));
}

// A folder that is gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "frugal-dry-run.XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      throw SystemError(fmt::format("cannot make the folder {}", pattern), errno);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What a scheduler would hand out first, were all of it at work at once.
std::vector<Trial> first_trials(const experiment::Experiment& experiment, unsigned count) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto store = experiment::open_sqlite_store(folder.path() / "store.db");
  experiment::Scheduler scheduler(*store, clock);
  const auto created = scheduler.create(experiment);
  std::vector<Trial> trials;
  try {
    while (trials.size() < count) trials.push_back(scheduler.suggest(created.id));
  } catch (const InputError&) {  // a small space has no more to be tried at once
    if (trials.empty()) throw;
  }
  return trials;
}

}  // namespace

int Optimization::dry_run() {
  const bool goes_on = std::filesystem::exists(folder_.store());
  std::string text =
      fmt::format("{}: {} {}\n{}\n", report::printable(experiment_.name),
                  experiment_.maximize ? "maximize" : "minimize",
                  report::printable(experiment_.metric), space_text(experiment_.space));
  const auto row = [&](const char* name, const std::string& value) {
    text += fmt::format("  {:<11}{}\n", name, report::printable(value));
  };
  if (!experiment_.space.constraints().empty())
    row("constraints", fmt::format(" {} linear", experiment_.space.constraints().size()));
  if (experiment_.tasks.size() > 1) row("tasks", tasks_text(experiment_.tasks));
  row("budget", experiment::to_text(budget_));
  row("workers", std::to_string(workers_));
  row("suggester", fmt::format("{}, seed {}", experiment_.suggester, experiment_.seed));
  row("program", worker::find_program(setup_.command[0], setup_.working_folder));
  row("metric", metric_text(setup_.metric, experiment_.metric));
  row("timeout", setup_.timeout_seconds > 0 ? fmt::format("{:g} s a trial", setup_.timeout_seconds)
                                            : "none; --timeout 10m would end a trial that hangs");
  row("output", output_ + (goes_on ? ", which is there: it would go on, not begin" : ""));

  text += goes_on ? "\nThe first trials of a run that begins\n" : "\nThe first trials\n";
  Json suggestions = Json::array();
  for (const Trial& trial : first_trials(experiment_, std::max(kFirstSuggestions, workers_))) {
    const auto& task = experiment_.tasks[trial.suggestion.task];
    const auto command =
        worker::fill_in(setup_.command, worker::substitutes_of(setup_, experiment_, trial));
    text += fmt::format("  {}  {}\n", report::printable(task.name),
                        report::printable(worker::shell_text(command)));
    suggestions.push_back({{"task", task.name},
                           {"assignments", optimizer::to_json(trial.suggestion.assignments)},
                           {"command", command}});
  }
  console_.result(text, {{"experiment", to_json(experiment_)},
                         {"budget", experiment::to_text(budget_)},
                         {"workers", workers_},
                         {"suggestions", suggestions}});
  return 0;
}

}  // namespace frugal::cli
