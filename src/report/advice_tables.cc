// Advice in words and tables.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "report/advice.h"
#include "report/cells.h"
#include "report/numbers.h"
#include "report/study.h"

namespace frugal::report {
namespace {

Cell range_cell(double low, double high) {
  return {percent_text(Interval{low, high}), ""};
}

std::string name_of(const Prospect& prospect) {
  return prospect.strategy == "features" ? "a head on frozen features of " + prospect.network
                                         : "fine-tuning " + prospect.network;
}

std::string minutes_range(const Prospect& prospect) {
  return prospect.seconds_high - prospect.seconds_low < 0.1 * prospect.seconds_high
             ? minutes_text(prospect.seconds_high)
             : fmt::format("{} to {}", minutes_text(prospect.seconds_low),
                           minutes_text(prospect.seconds_high));
}

Table prospects_table(const Advice& advice) {
  Table table{.name = "prospects",
              .caption = "What the budget can be expected to buy",
              .columns = {{"Strategy", "strategy", false},
                          {"Network", "network", false},
                          {"Expected test %", ""},
                          {"", "low"},
                          {"", "high"},
                          {"Minutes", ""},
                          {"", "seconds_low"},
                          {"", "seconds_high"},
                          {"Dollars", "dollars_high"},
                          {"Pixels", "height"},
                          {"Epochs", "epochs"},
                          {"Why", "why", false}},
              .rows = {},
              .emphasized = {}};
  for (const Prospect& p : advice.prospects) {
    std::vector<Cell> row = {text_cell(p.strategy), text_cell(p.network)};
    if (!p.impossible.empty()) {
      row.resize(11, no_cell());
      row.push_back(text_cell("not possible: " + p.impossible));
    } else {
      const double dollars = p.seconds_high / 3600 * advice.price_per_hour;
      for (Cell& cell : std::vector<Cell>{
               range_cell(p.low, p.high), number_cell("", p.low), number_cell("", p.high),
               Cell{minutes_range(p), ""}, number_cell("", p.seconds_low),
               number_cell("", p.seconds_high),
               advice.price_per_hour > 0 ? number_cell(dollars_text(dollars), dollars) : no_cell(),
               count_cell(p.height),
               p.epochs > 0 ? number_cell(fmt::format("{:.3g}", p.epochs), p.epochs) : no_cell(),
               text_cell(p.why)})
        row.push_back(std::move(cell));
    }
    if (&p == &advice.prospects[advice.recommended]) table.emphasized.push_back(table.rows.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table probe_table(const Advice& advice) {
  Table table{.name = "probe",
              .caption = "The probe: closed-form heads on frozen features, not tuned",
              .columns = {{"Network", "network", false},
                          {"Photographs", "photographs"},
                          {"Validation %", "accuracy"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"}},
              .rows = {},
              .emphasized = {}};
  for (const Prospect& p : advice.prospects) {
    if (p.strategy != "features") continue;  // the probe is the network's, not the strategy's
    for (const ProbePoint& point : p.probe)
      table.rows.push_back({text_cell(p.network), count_cell(point.photographs),
                            percent_cell(point.accuracy), range_cell(point.low, point.high),
                            number_cell("", point.low), number_cell("", point.high)});
  }
  return table;
}

Table past_table(const Advice& advice) {
  Table table{.name = "past",
              .caption = "Past runs",
              .columns = {{"Run", "folder", false},
                          {"Data", "title", false},
                          {"Same data", "same_data", false},
                          {"Classes", "classes"},
                          {"Kept", "strategy", false},
                          {"Network", "network", false},
                          {"Budget", "budget", false},
                          {"Test %", "accuracy"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"},
                          {"Minutes", "seconds"}},
              .rows = {},
              .emphasized = {}};
  for (const PastRun& run : advice.past)
    table.rows.push_back({text_cell(run.folder),
                          text_cell(run.title),
                          {run.same_data ? "yes" : "no", run.same_data ? "true" : "false"},
                          count_cell(run.classes),
                          text_cell(run.strategy),
                          text_cell(run.network),
                          text_cell(run.budget),
                          percent_cell(run.accuracy),
                          range_cell(run.low, run.high),
                          number_cell("", run.low),
                          number_cell("", run.high),
                          number_cell(minutes_text(run.seconds), run.seconds)});
  return table;
}

void add_row(Table& table, const std::string& what, const std::string& expected,
             const std::string& was, bool held) {
  table.rows.push_back({text_cell(what),
                        text_cell(expected),
                        text_cell(was),
                        {held ? "yes" : "no", held ? "true" : "false"}});
}

}  // namespace

std::string sentence(const Advice& advice) {
  const Prospect& chosen = advice.prospects.at(advice.recommended);
  std::string text = fmt::format(
      "Take {}: expect {} % of the test photographs to be right, in {} minutes", name_of(chosen),
      percent_text(Interval{chosen.low, chosen.high}), minutes_range(chosen));
  if (advice.price_per_hour > 0)
    text += fmt::format(" and at most {} dollars",
                        dollars_text(chosen.seconds_high / 3600 * advice.price_per_hour));
  std::size_t possible = 0;
  bool overlap = false;
  for (const Prospect& other : advice.prospects) {
    if (!other.impossible.empty()) continue;
    ++possible;
    overlap = overlap || (&other != &chosen && other.high > chosen.low);
  }
  if (possible == 1) return text + "; nothing else fits into the budget.";
  return text + (overlap ? "; another strategy's range reaches into this one, so it may turn out "
                           "otherwise."
                         : "; no other strategy's range reaches so far.");
}

std::vector<Table> tables(const Advice& advice) {
  return {prospects_table(advice), probe_table(advice), past_table(advice)};
}

AdviceCheck check_advice(const Advice& advice, const Answer& answer) {
  const auto kept = delivery(answer);
  if (!kept || !answer.winner)
    throw InputError("the run has not opened its test part yet: there is nothing to check by");
  Correctness correct(1);
  for (std::size_t j = 0; j < answer.test_labels.size(); ++j)
    correct[0].push_back(kept->test_predictions[j] == answer.test_labels[j]);
  const double accuracy_was = accuracy(correct);
  const std::string strategy = answer.arms[*answer.winner].strategy;
  const Prospect& chosen = advice.prospects.at(advice.recommended);
  const Prospect* taken = nullptr;
  for (const Prospect& p : advice.prospects)
    if (p.strategy == strategy && p.network == answer.network && p.impossible.empty()) taken = &p;
  AdviceCheck check{.sentence = "",
                    .table = {.name = "advice",
                              .caption = "How good the advice was",
                              .columns = {{"What", "what", false},
                                          {"Expected", "expected", false},
                                          {"It was", "was", false},
                                          {"As expected", "held", false}},
                              .rows = {},
                              .emphasized = {}}};
  const bool right = chosen.strategy == strategy && chosen.network == answer.network;
  add_row(check.table, "strategy", fmt::format("{} with {}", chosen.strategy, chosen.network),
          fmt::format("{} with {}", strategy, answer.network), right);
  if (taken == nullptr) {
    check.sentence = fmt::format("The advice knew nothing of {} with {}, which the run kept.",
                                 strategy, answer.network);
    return check;
  }
  const bool within = taken->low <= accuracy_was && accuracy_was <= taken->high;
  const bool in_time = answer.spent_seconds <= 1.05 * taken->seconds_high;
  add_row(check.table, "test accuracy, %", percent_text(Interval{taken->low, taken->high}),
          percent_text(accuracy_was), within);
  add_row(check.table, "minutes", "at most " + minutes_text(taken->seconds_high),
          minutes_text(answer.spent_seconds), in_time);
  check.sentence = fmt::format(
      "The advice was {}: {} % of the test photographs were right, {} the expected {} %.",
      right && within   ? "good"
      : right || within ? "partly good"
                        : "wrong",
      percent_text(accuracy_was), within ? "within" : "outside of",
      percent_text(Interval{taken->low, taken->high}));
  return check;
}

}  // namespace frugal::report
