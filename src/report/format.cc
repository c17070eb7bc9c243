#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "report/cells.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

constexpr std::size_t kTerminalColumns = 100;

// A number of a recipe: three digits for people, all of them for programs.
Cell value_cell(const Json& value) {
  if (value.is_number_float())
    return {fmt::format("{:.3g}", value.get<double>()), fmt::format("{}", value.get<double>())};
  return text_cell(value.is_string() ? value.get<std::string>() : value.dump());
}

// A policy that stands in a recipe as JSON: "random_crop, horizontal_flip (probability 0.5)".
Cell policy_cell(const std::string& policy) {
  const Json json = Json::parse(policy, nullptr, false);
  if (!json.is_object() || !json.contains("transforms")) return text_cell(policy);
  std::string text;
  for (const Json& use : json["transforms"]) {
    std::string settings;
    for (const auto& [name, value] : use.items())
      if (value.is_number() && !(name == "probability" && value == 1))
        settings +=
            fmt::format("{}{} {:.3g}", settings.empty() ? "" : ", ", name, value.get<double>());
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", use.value("transform", ""),
                        settings.empty() ? "" : " (" + settings + ")");
  }
  return {text.empty() ? "none" : text, policy};
}

Cell value_cell(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) return no_cell();
  if (key == "augment" && found->is_string()) return policy_cell(found->get<std::string>());
  return value_cell(*found);
}

// Low and high of an estimate, for CSV.
void append_bounds(std::vector<Cell>& row, const std::optional<Estimate>& estimate) {
  const bool known = estimate && estimate->interval;
  row.push_back(known ? number_cell("", estimate->interval->low) : no_cell());
  row.push_back(known ? number_cell("", estimate->interval->high) : no_cell());
}

Cell validation_cell(const std::optional<Estimate>& estimate) {
  if (!estimate) return no_cell();
  Cell cell = percent_cell(estimate->value);
  if (estimate->interval)
    cell.text += fmt::format(
        " ± {}", percent_text((estimate->interval->high - estimate->interval->low) / 2));
  return cell;
}

void erase_column(Table& table, const std::string& key) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& column) { return column.key == key; });
  const auto index = found - table.columns.begin();
  table.columns.erase(found);
  for (auto& row : table.rows) row.erase(row.begin() + index);
}

const Arm* untuned_arm(const Answer& answer, const std::string& strategy) {
  for (const Arm& arm : answer.arms)
    if (!arm.tuned && arm.strategy == strategy) return &arm;
  return nullptr;
}

std::vector<std::string> assignment_names(const Answer& answer) {
  std::set<std::string> names;
  for (const Trial& trial : answer.trials)
    for (const auto& [name, _] : trial.assignments.items()) names.insert(name);
  return {names.begin(), names.end()};
}

}  // namespace

Table results_table(const Answer& answer, const Summary& summary) {
  Table table{.name = "results",
              .caption = "Accuracy on validation and test, and what it cost",
              .columns = {{"Strategy", "arm", false},
                          {"Validation %", "validation_accuracy"},
                          {"", "validation_low"},
                          {"", "validation_high"},
                          {"Test %", "test_accuracy"},
                          {"95 % interval", ""},
                          {"", "test_low"},
                          {"", "test_high"},
                          {"Top-5 %", "test_top5"},
                          {"F1 %", "macro_f1"},
                          {"", "seeds"},
                          {"Trials", "trials"},
                          {"Search min", "search_minutes"},
                          {"Run min", "run_minutes"},
                          {"Dollars", "dollars"}},
              .rows = {},
              .emphasized = {}};
  for (const Row& row : summary.rows) {
    const Arm& arm = answer.arms[row.arm];
    std::vector<Cell> cells = {text_cell(row.name), validation_cell(row.validation)};
    append_bounds(cells, row.validation);
    cells.push_back(percent_cell(row.test ? std::optional(row.test->value) : std::nullopt));
    cells.push_back(row.test ? Cell{percent_text(*row.test->interval), ""} : no_cell());
    append_bounds(cells, row.test);
    cells.push_back(percent_cell(row.top5));
    cells.push_back(percent_cell(row.macro_f1));
    cells.push_back(count_cell(row.seeds));
    cells.push_back(count_cell(arm.trials));
    cells.push_back(number_cell(minutes_text(arm.search_seconds), arm.search_seconds / 60));
    cells.push_back(number_cell(minutes_text(arm.run_seconds), arm.run_seconds / 60));
    cells.push_back(dollars_cell(answer, arm.dollars));
    if (row.winner) table.emphasized.push_back(table.rows.size());
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table gaps_table(const Answer&, const Summary& summary) {
  Table table{.name = "comparisons",
              .caption = "Paired comparisons on the same test photographs, in points",
              .columns = {{"Is it better?", "first", false},
                          {"", "second", false},
                          {"Points", "difference"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"},
                          {"p", "p_value"},
                          {"Verdict", "distinguishable", false}},
              .rows = {},
              .emphasized = {}};
  for (const Gap& gap : summary.gaps) {
    const std::string &first = summary.rows[gap.first].name,
                      &second = summary.rows[gap.second].name;
    const char* verdict = gap.difference > 0 ? "better" : "worse";
    table.rows.push_back({{fmt::format("{} against {}", first, second), first},
                          text_cell(second),
                          number_cell(points_text(gap.difference), gap.difference),
                          {points_text(gap.interval), ""},
                          number_cell("", gap.interval.low),
                          number_cell("", gap.interval.high),
                          number_cell(p_text(gap.p_value), gap.p_value),
                          {gap.distinguishable ? verdict : "no difference shown",
                           gap.distinguishable ? "true" : "false"}});
  }
  return table;
}

Table recipe_table(const Answer& answer) {
  Table table{
      .name = "recipe",
      .caption = "The winner’s recipe; what differs from the untuned one is set in bold",
      .columns = {{"Setting", "setting", false}, {"Winner", "winner"}, {"Untuned", "untuned"}},
      .rows = {},
      .emphasized = {}};
  if (!answer.winner) return table;
  const Arm& winner = answer.arms[*answer.winner];
  const Arm* untuned = untuned_arm(answer, winner.strategy);
  for (const auto& [name, value] : winner.recipe.items()) {
    const Cell other = untuned ? value_cell(untuned->recipe, name) : no_cell();
    if (untuned && untuned->recipe.value(name, Json()) != value)
      table.emphasized.push_back(table.rows.size());
    table.rows.push_back({text_cell(name), value_cell(winner.recipe, name), other});
  }
  return table;
}

Table trials_table(const Answer& answer) {
  const std::vector<std::string> names = assignment_names(answer);
  Table table{.name = "trials",
              .caption = "Every trial",
              .columns = {{"Trial", "id"},
                          {"Strategy", "strategy", false},
                          {"Task", "task", false},
                          {"State", "state", false},
                          {"Validation %", "value"},
                          {"Minutes", "seconds"},
                          {"CPU min", "cpu_seconds"},
                          {"Core min", "device_seconds"},
                          {"Peak MB", "peak_memory_bytes"},
                          {"Dollars", "dollars"},
                          {"Began at", "started_seconds"}},
              .rows = {},
              .emphasized = {}};
  for (const std::string& name : names) table.columns.push_back({name, name});
  table.columns.push_back({"Why it ended", "reason", false});
  bool any_reason = false;
  for (const Trial& trial : answer.trials) {
    std::vector<Cell> row = {
        {std::to_string(trial.id), std::to_string(trial.id)},
        text_cell(trial.strategy),
        text_cell(trial.task),
        text_cell(trial.state),
        percent_cell(trial.value),
        number_cell(minutes_text(trial.seconds), trial.seconds),
        number_cell(minutes_text(trial.cpu_seconds), trial.cpu_seconds),
        number_cell(minutes_text(trial.device_seconds), trial.device_seconds),
        megabytes_cell(trial.peak_memory_bytes),
        dollars_cell(answer, trial.dollars),
        number_cell(minutes_text(trial.started_seconds), trial.started_seconds)};
    for (const std::string& name : names) row.push_back(value_cell(trial.assignments, name));
    row.push_back(text_cell(trial.reason));
    any_reason = any_reason || !trial.reason.empty();
    table.rows.push_back(std::move(row));
  }
  if (!any_reason) erase_column(table, "reason");
  if (answer.price_per_hour == 0) erase_column(table, "dollars");
  return table;
}

Table confusions_table(const Answer& answer, const Summary& summary) {
  Table table{.name = "confusions",
              .caption = "What the winner most often mistakes for what, over all its seeds",
              .columns = {{"Is a", "label", false},
                          {"Taken for a", "prediction", false},
                          {"Times", "count"},
                          {"Of", "label_total"},
                          {"% of its class", "share"}},
              .rows = {},
              .emphasized = {}};
  for (const Confusion& c : summary.confusions) {
    const double share = static_cast<double>(c.count) / static_cast<double>(c.label_total);
    table.rows.push_back({text_cell(answer.classes[c.label]),
                          text_cell(answer.classes[c.prediction]), count_cell(c.count),
                          count_cell(c.label_total), percent_cell(share)});
  }
  return table;
}

Table split_table(const Answer& answer) {
  Table table{.name = "split",
              .caption = "The three parts",
              .columns = {{"Part", "part", false},
                          {"Photographs", "photographs"},
                          {"Share %", "share"},
                          {"What it is for", "", false}},
              .rows = {},
              .emphasized = {}};
  const DataSummary& data = answer.data;
  const std::size_t all = data.train + data.validation + data.test;
  if (all == 0) return table;
  const auto add = [&](const char* part, std::size_t count, const char* purpose) {
    table.rows.push_back({text_cell(part),
                          count_cell(count),
                          percent_cell(static_cast<double>(count) / static_cast<double>(all)),
                          {purpose, ""}});
  };
  add("train", data.train, "learned from, and the only part that is augmented");
  add("validation", data.validation, "seen by the search, which chooses by it");
  add("test", data.test, "opened once, for the answer");
  return table;
}

Table broken_table(const Answer& answer) {
  Table table{.name = "broken",
              .caption = "Files that could not be used",
              .columns = {{"File", "path", false}, {"Why", "reason", false}},
              .rows = {},
              .emphasized = {}};
  for (const BrokenPhotograph& broken : answer.data.broken)
    table.rows.push_back({text_cell(broken.path), text_cell(broken.reason)});
  return table;
}

std::vector<Table> tables(const Answer& answer, const Summary& summary) {
  return {results_table(answer, summary),
          gaps_table(answer, summary),
          recipe_table(answer),
          trials_table(answer),
          confusions_table(answer, summary),
          split_table(answer),
          broken_table(answer),
          agreements_table(answer, summary),
          costs_table(answer),
          work_table(answer)};
}

std::string text_report(const Answer& answer, const Summary& summary) {
  std::string text;
  if (!summary.rows.empty()) {
    Table table = results_table(answer, summary);
    erase_column(table, "test_top5");
    erase_column(table, "macro_f1");
    text += to_text(table, kTerminalColumns) + "\n";
  }
  for (const Gap& gap : summary.gaps) text += wrapped(gap.sentence, kTerminalColumns);
  if (!summary.gaps.empty()) text += "\n";
  text += wrapped(summary.sentence, kTerminalColumns);
  if (!summary.kept.empty()) text += wrapped(summary.kept, kTerminalColumns);
  for (const std::string& caution : summary.cautions) text += wrapped(caution, kTerminalColumns);
  for (const Table& table : {agreements_table(answer, summary), costs_table(answer)})
    if (!table.rows.empty())
      text += fmt::format("\n{}{}", wrapped(table.caption, kTerminalColumns),
                          to_text(table, kTerminalColumns));
  return text;
}

std::string markdown_report(const Answer& answer, const Summary& summary) {
  std::string text =
      fmt::format("# {}\n\n{}\n", escape_markdown(answer.title), escape_markdown(summary.sentence));
  if (!summary.kept.empty()) text += fmt::format("\n{}\n", escape_markdown(summary.kept));
  for (const std::string& caution : summary.cautions)
    text += fmt::format("\n{}\n", escape_markdown(caution));
  for (const Table& table : tables(answer, summary))
    if (!table.rows.empty())
      text += fmt::format("\n## {}\n\n{}", table.caption, to_markdown(table));
  return text;
}

std::string csv_report(const Answer& answer, const Summary& summary) {
  std::string text;
  for (const Table& table : tables(answer, summary))
    if (!table.rows.empty())
      text += fmt::format("{}# {}\r\n{}", text.empty() ? "" : "\r\n", table.name, to_csv(table));
  return text;
}

}  // namespace frugal::report
