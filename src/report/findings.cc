#include "report/findings.h"

#include <fmt/format.h>

#include "base/error.h"
#include "report/finding_cells.h"
#include "report/numbers.h"

namespace frugal::report {

const std::vector<std::pair<std::string, std::string>>& question_titles() {
  static const std::vector<std::pair<std::string, std::string>> titles = {
      {"robustness", "What does it rely on?"},
      {"attention", "Where does it look?"},
      {"test-photographs", "How sure is its accuracy, and what would more test photographs bring?"},
      {"training-photographs", "What would more training photographs bring?"},
      {"layers", "What did training change in the network?"},
      {"policy", "Why do the transformations matter?"},
      {"parameters", "Which parameters mattered in the search?"},
      {"looks", "How do the search's pictures look, and does it go with accuracy?"},
      {"transfer", "Does the policy hold for another network?"}};
  return titles;
}

Finding begin_finding(const std::string& question) {
  for (const auto& [name, title] : question_titles())
    if (name == question) return {.question = name, .title = title};
  FRUGAL_CHECK(false, question);
}

Finding unanswered(const std::string& question, const std::string& why_not) {
  Finding finding = begin_finding(question);
  finding.why_not = why_not;
  return finding;
}

RandomStream resampling(const std::string& purpose) {
  return RandomStream(0).derive("explain").derive(purpose);
}

Interval interval_of_accuracy(const Correctness& correct) {
  return accuracy_interval(correct, RandomStream(0).derive("judgement"));
}

void add_percent(std::vector<Cell>& row, double share, const Interval& interval) {
  row.push_back(percent_cell(share));
  row.push_back({percent_text(interval), ""});
  row.push_back(number_cell("", interval.low));
  row.push_back(number_cell("", interval.high));
}

void add_points(std::vector<Cell>& row, double difference, const Interval& interval) {
  row.push_back(number_cell(points_text(difference), difference));
  row.push_back({points_text(interval), ""});
  row.push_back(number_cell("", interval.low));
  row.push_back(number_cell("", interval.high));
}

void add_number(std::vector<Cell>& row, double value, const Interval& interval) {
  row.push_back(number_cell(fmt::format("{:.2f}", value), value));
  row.push_back({fmt::format("{:.2f} to {:.2f}", interval.low, interval.high), ""});
  row.push_back(number_cell("", interval.low));
  row.push_back(number_cell("", interval.high));
}

void add_columns(Table& table, const std::string& title, const std::string& key) {
  table.columns.push_back({title, key});
  table.columns.push_back({"95 % interval", ""});
  table.columns.push_back({"", key + "_low"});
  table.columns.push_back({"", key + "_high"});
}

std::string points_with_interval(double difference, const Interval& interval) {
  return fmt::format("{} points ({})", points_text(difference), points_text(interval));
}

std::string percent_with_interval(double share, const Interval& interval) {
  return fmt::format("{} % ({})", percent_text(share), percent_text(interval));
}

}  // namespace frugal::report
