#include "report/study_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/cells.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

constexpr std::size_t kTerminalColumns = 100;

Cell dollars_cell(const Study& study, double dollars) {
  return study.price_per_hour > 0 ? number_cell(dollars_text(dollars), dollars) : no_cell();
}

void append_interval(std::vector<Cell>& row, const std::optional<Interval>& interval,
                     const std::string& text) {
  row.push_back(interval ? Cell{text, ""} : no_cell());
  row.push_back(interval ? number_cell("", interval->low) : no_cell());
  row.push_back(interval ? number_cell("", interval->high) : no_cell());
}

void append_share(std::vector<Cell>& row, const std::optional<Estimate>& estimate) {
  row.push_back(percent_cell(estimate ? std::optional(estimate->value) : std::nullopt));
  append_interval(row, estimate ? estimate->interval : std::nullopt,
                  estimate ? percent_text(*estimate->interval) : "");
}

// Of errors: −12.3 % are more of them.
void append_reduction(std::vector<Cell>& row, const std::optional<Estimate>& estimate) {
  row.push_back(estimate ? number_cell(points_text(estimate->value), estimate->value) : no_cell());
  append_interval(row, estimate ? estimate->interval : std::nullopt,
                  estimate ? points_text(*estimate->interval) : "");
}

// "6 epochs at 112 × 144 pixels"; of a head that is computed in one go its size alone.
std::string length_text(const Json& recipe) {
  if (!recipe.contains("height")) return "";
  const std::string size =
      fmt::format("{} × {} pixels", recipe.at("height").dump(), recipe.at("width").dump());
  if (recipe.value("strategy", "") != "fine-tune") return size;
  const double epochs = recipe.value("epochs", 0.0);
  return fmt::format("{:.3g} {} at {}", epochs, epochs == 1 ? "epoch" : "epochs", size);
}

// What a terminal has no room for, by index, ascending.
const std::vector<std::size_t> kLeftOutOfArms = {7, 10, 14};
const std::vector<std::size_t> kLeftOutOfPairs = {6, 7, 10};

Table without(Table table, const std::vector<std::size_t>& columns) {
  for (auto column = columns.rbegin(); column != columns.rend(); ++column) {
    const auto index = static_cast<std::ptrdiff_t>(*column);
    table.columns.erase(table.columns.begin() + index);
    for (auto& row : table.rows) row.erase(row.begin() + index);
  }
  return table;
}

}  // namespace

Table arms_table(const Study& study, const StudySummary& summary) {
  const std::string base =
      study.arms.empty() ? "" : fmt::format("“{}”", study.arms[study.baseline].name);
  Table table{
      .name = "arms",
      .caption = fmt::format("Accuracy on test at equal cost; points and errors against {}", base),
      .columns = {{"Arm", "arm", false},
                  {"", "network", false},
                  {"Seeds", "seeds"},
                  {"Test %", "test_accuracy"},
                  {"95 % interval", ""},
                  {"", "test_low"},
                  {"", "test_high"},
                  {"Top-5 %", "test_top5"},
                  {"F1 %", "macro_f1"},
                  {"Points", "points"},
                  {"95 % interval", ""},
                  {"", "points_low"},
                  {"", "points_high"},
                  {"Fewer errors %", "error_reduction"},
                  {"95 % interval", ""},
                  {"", "error_reduction_low"},
                  {"", "error_reduction_high"},
                  {"Run min", "run_minutes"},
                  {"Dollars", "run_dollars"}},
      .rows = {},
      .emphasized = {}};
  for (const StudyRow& row : summary.rows) {
    const StudyArm& arm = study.arms[row.arm];
    std::vector<Cell> cells = {text_cell(arm.name), text_cell(arm.network), count_cell(row.done)};
    append_share(cells, row.test);
    cells.push_back(percent_cell(row.top5));
    cells.push_back(percent_cell(row.macro_f1));
    cells.push_back(row.points ? number_cell(points_text(row.points->value), row.points->value)
                               : no_cell());
    append_interval(cells, row.points ? row.points->interval : std::nullopt,
                    row.points ? points_text(*row.points->interval) : "");
    append_reduction(cells, row.error_reduction);
    cells.push_back(row.test ? number_cell(minutes_text(row.seconds), row.seconds / 60)
                             : no_cell());
    cells.push_back(row.test ? dollars_cell(study, row.dollars) : no_cell());
    if (summary.ahead == row.arm) table.emphasized.push_back(table.rows.size());
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table pairs_table(const Study& study, const StudySummary& summary) {
  Table table{.name = "comparisons",
              .caption = "Every pair of arms on the same test photographs",
              .columns = {{"Is it better?", "first", false},
                          {"", "second", false},
                          {"Points", "difference"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"},
                          {"Fewer errors %", "error_reduction"},
                          {"95 % interval", ""},
                          {"", "error_reduction_low"},
                          {"", "error_reduction_high"},
                          {"p", "p_value"},
                          {"Holm’s p", "adjusted_p"},
                          {"Verdict", "distinguishable", false}},
              .rows = {},
              .emphasized = {}};
  for (const StudyGap& gap : summary.gaps) {
    const std::string &first = study.arms[gap.first].name, &second = study.arms[gap.second].name;
    std::vector<Cell> row = {{fmt::format("{} / {}", first, second), first},
                             text_cell(second),
                             number_cell(points_text(gap.difference), gap.difference)};
    append_interval(row, gap.interval, points_text(gap.interval));
    append_reduction(row, gap.error_reduction);
    row.push_back(number_cell(p_text(gap.p_value), gap.p_value));
    row.push_back(number_cell(p_text(gap.adjusted_p), gap.adjusted_p));
    row.push_back({gap.distinguishable ? "better" : "not distinguishable",
                   gap.distinguishable ? "true" : "false"});
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table setup_table(const Study& study) {
  Table table{.name = "setup",
              .caption = "What each arm is",
              .columns = {{"Arm", "arm", false},
                          {"Network", "network", false},
                          {"Strategy", "strategy", false},
                          {"Tuned", "tuned", false},
                          {"Recipe", "recipe", false},
                          {"Augmentation", "augment", false},
                          {"Suggester", "suggester", false},
                          {"It", "spends", false},
                          {"Note", "note", false}},
              .rows = {},
              .emphasized = {}};
  for (const StudyArm& arm : study.arms)
    table.rows.push_back({text_cell(arm.name),
                          text_cell(arm.network),
                          text_cell(arm.strategy),
                          {arm.tuned ? "yes" : "no", arm.tuned ? "true" : "false"},
                          text_cell(arm.recipe),
                          text_cell(arm.augment),
                          text_cell(arm.suggester),
                          text_cell(arm.spends),
                          text_cell(arm.note)});
  return table;
}

Table runs_table(const Study& study) {
  Table table{.name = "runs",
              .caption = "Every run",
              .columns = {{"Arm", "arm", false},
                          {"Seed", "seed"},
                          {"State", "state", false},
                          {"Test %", "test_accuracy"},
                          {"Minutes", "seconds"},
                          {"Dollars", "dollars"},
                          {"Trials", "trials"},
                          {"The model that it delivered", "delivered", false},
                          {"Why it failed", "reason", false}},
              .rows = {},
              .emphasized = {}};
  for (const StudyArm& arm : study.arms)
    for (const StudyRun& run : arm.runs) {
      std::optional<double> share;
      if (!run.test_predictions.empty()) {
        std::size_t right = 0;
        for (std::size_t j = 0; j < study.test_labels.size(); ++j)
          right += run.test_predictions[j] == study.test_labels[j];
        share = static_cast<double>(right) / static_cast<double>(study.test_labels.size());
      }
      table.rows.push_back(
          {text_cell(arm.name), count_cell(run.seed), text_cell(run.state), percent_cell(share),
           number_cell(minutes_text(run.seconds), run.seconds),
           dollars_cell(study, run.seconds / 3600 * study.price_per_hour), count_cell(run.trials),
           text_cell(length_text(run.recipe)), text_cell(run.reason)});
    }
  return table;
}

std::vector<Table> tables(const Study& study, const StudySummary& summary) {
  return {arms_table(study, summary), pairs_table(study, summary), setup_table(study),
          runs_table(study)};
}

std::string text_report(const Study& study, const StudySummary& summary) {
  std::string text = wrapped(summary.sentence, kTerminalColumns) + "\n";
  const Table arms = without(arms_table(study, summary), kLeftOutOfArms);
  const Table pairs = without(pairs_table(study, summary), kLeftOutOfPairs);
  for (const Table* table : {&arms, &pairs})
    if (!table->rows.empty())
      text += fmt::format("{}{}\n", wrapped(table->caption, kTerminalColumns),
                          to_text(*table, kTerminalColumns));
  for (const std::string& caution : summary.cautions) text += wrapped(caution, kTerminalColumns);
  return text;
}

std::string markdown_report(const Study& study, const StudySummary& summary) {
  std::string text =
      fmt::format("# {}\n\n{}\n", escape_markdown(study.title), escape_markdown(summary.sentence));
  for (const std::string& caution : summary.cautions)
    text += fmt::format("\n{}\n", escape_markdown(caution));
  for (const Table& table : tables(study, summary))
    if (!table.rows.empty())
      text += fmt::format("\n## {}\n\n{}", table.caption, to_markdown(table));
  return text;
}

std::string csv_report(const Study& study, const StudySummary& summary) {
  std::string text;
  for (const Table& table : tables(study, summary))
    if (!table.rows.empty())
      text += fmt::format("{}# {}\r\n{}", text.empty() ? "" : "\r\n", table.name, to_csv(table));
  return text;
}

}  // namespace frugal::report
