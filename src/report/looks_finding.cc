#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "report/finding_cells.h"
#include "report/numbers.h"
#include "report/rank_correlation.h"

namespace frugal::report {
namespace {

constexpr std::size_t kFewestRuns = 4;  // of which a rank correlation has an interval

struct Looks {
  std::vector<double> values;  // of the runs
  std::optional<double> correlation;
  std::optional<Interval> interval;
};

Looks column_of(const std::vector<LookedAt>& runs, std::size_t measure, const std::string& name) {
  Looks column;
  std::vector<double> accuracies;
  for (const LookedAt& run : runs) {
    column.values.push_back(run.measures[measure]);
    accuracies.push_back(run.accuracy);
  }
  column.correlation = spearman(column.values, accuracies);
  column.interval = spearman_interval(column.values, accuracies, resampling("looks " + name));
  return column;
}

std::string figure(double value) {
  return fmt::format("{:.3g}", value);
}

std::string with_interval(const Looks& column) {
  return fmt::format("{} ({} to {})", correlation_text(*column.correlation),
                     correlation_text(column.interval->low),
                     correlation_text(column.interval->high));
}

bool goes_with_accuracy(const Looks& column) {
  return column.correlation && column.interval && !column.interval->contains(0);
}

std::string answer_of(const std::vector<std::string>& measures, const std::vector<Looks>& columns,
                      std::size_t runs, const std::string& task) {
  std::string found;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (goes_with_accuracy(columns[i]))
      found += fmt::format("{}{}, {}", found.empty() ? "" : "; ", measures[i],
                           with_interval(columns[i]));
  if (found.empty())
    return fmt::format(
        "None of these measures of the altered pictures goes with accuracy over the {} runs of the "
        "{} task: every rank correlation’s interval holds 0.",
        runs, task);
  return fmt::format("Over the {} runs of the {} task accuracy goes with: {} (rank correlation).",
                     runs, task, found);
}

}  // namespace

Finding looks_finding(const std::vector<std::string>& measures, const std::vector<double>& before,
                      const std::vector<LookedAt>& runs, const std::string& task,
                      std::size_t photographs) {
  if (runs.size() < kFewestRuns)
    return unanswered(
        "looks",
        fmt::format("only {} runs of the {} task have ended; four are needed", runs.size(), task));
  FRUGAL_CHECK(before.size() == measures.size());
  const LookedAt& best = *std::ranges::max_element(runs, {}, &LookedAt::accuracy);
  Finding finding = begin_finding("looks");
  Table table{.name = "looks",
              .caption = "Training pictures in numbers, and the rank correlation with accuracy",
              .columns = {{"Measure", "measure", false},
                          {"As they are", "before"},
                          {"Best run", "best"},
                          {"Lowest", "lowest"},
                          {"Highest", "highest"},
                          {"Spearman", "rank_correlation"},
                          {"95 % interval", "", false},
                          {"", "rank_correlation_low"},
                          {"", "rank_correlation_high"}},
              .rows = {},
              .emphasized = {}};
  std::vector<Looks> columns;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    columns.push_back(column_of(runs, i, measures[i]));
    const Looks& column = columns.back();
    const auto [low, high] = std::ranges::minmax(column.values);
    std::vector<Cell> row = {text_cell(measures[i])};
    for (const double value : {before[i], best.measures[i], low, high})
      row.push_back(number_cell(figure(value), value));
    if (column.correlation && column.interval) {
      row.push_back(number_cell(correlation_text(*column.correlation), *column.correlation));
      row.push_back({fmt::format("{} to {}", correlation_text(column.interval->low),
                                 correlation_text(column.interval->high)),
                     ""});
      row.push_back(number_cell("", column.interval->low));
      row.push_back(number_cell("", column.interval->high));
    } else {
      row.insert(row.end(), 4, no_cell());
    }
    if (goes_with_accuracy(column)) table.emphasized.push_back(i);
    table.rows.push_back(std::move(row));
  }
  finding.answer = answer_of(measures, columns, runs.size(), task);
  finding.tables.push_back(std::move(table));
  finding.notes.push_back(fmt::format(
      "Means over {} training photographs, altered as in each run’s first epoch; what the measures "
      "are: docs/augment.md. {} measures are looked at: by chance alone one interval in twenty "
      "misses 0. Runs differ in their other hyperparameters too, and what goes together need not "
      "be "
      "cause and effect: the question “policy” tests that.",
      photographs, measures.size()));
  return finding;
}

}  // namespace frugal::report
