// What was paid, and what the cheap tasks told for it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "report/cells.h"
#include "report/format.h"
#include "report/numbers.h"

namespace frugal::report {

Table costs_table(const Answer& answer) {
  Table table{.name = "costs",
              .caption = "Where the machine’s time went",
              .columns = {{"Stage", "stage", false},
                          {"Minutes", "minutes"},
                          {"% of all", "share"},
                          {"Dollars", "dollars"}},
              .rows = {},
              .emphasized = {}};
  if (answer.spent_seconds <= 0) return table;
  const auto add = [&](const std::string& stage, double seconds, double dollars) {
    table.rows.push_back({text_cell(stage), number_cell(minutes_text(seconds), seconds / 60),
                          percent_cell(seconds / answer.spent_seconds),
                          dollars_cell(answer, dollars)});
  };
  for (const Stage& stage : answer.stages)
    add(stage.name, stage.seconds, machine_dollars(answer, stage.seconds));
  const double missing = answer.spent_seconds - accounted_seconds(answer);
  add("not accounted for", missing, machine_dollars(answer, missing));
  table.emphasized = {table.rows.size()};
  add("in all", answer.spent_seconds, answer.spent_dollars);
  return table;
}

Table work_table(const Answer& answer) {
  Table table{.name = "work",
              .caption = "What the workers’ time bought: trials by strategy, task and outcome",
              .columns = {{"Strategy", "strategy", false},
                          {"Task", "task", false},
                          {"State", "state", false},
                          {"Trials", "trials"},
                          {"Worker min", "worker_minutes"},
                          {"CPU min", "cpu_minutes"},
                          {"% of all", "share"},
                          {"Peak MB", "peak_memory_bytes"},
                          {"Dollars", "dollars"}},
              .rows = {},
              .emphasized = {}};
  struct Work {
    std::size_t trials = 0;
    double seconds = 0, cpu_seconds = 0, peak_memory_bytes = 0, dollars = 0;
  };
  std::map<std::tuple<std::string, double, std::string, std::string>, Work> work;
  double all = 0;
  for (const Trial& trial : answer.trials) {
    Work& item = work[{trial.strategy, trial.cost, trial.task, trial.state}];
    ++item.trials;
    item.seconds += trial.seconds;
    item.cpu_seconds += trial.cpu_seconds;
    item.peak_memory_bytes = std::max(item.peak_memory_bytes, trial.peak_memory_bytes);
    item.dollars += trial.dollars;
    all += trial.seconds;
  }
  for (const auto& [key, item] : work) {
    const auto& [strategy, cost, task, state] = key;
    table.rows.push_back(
        {text_cell(strategy), text_cell(task), text_cell(state), count_cell(item.trials),
         number_cell(minutes_text(item.seconds), item.seconds / 60),
         number_cell(minutes_text(item.cpu_seconds), item.cpu_seconds / 60),
         percent_cell(all > 0 ? std::optional(item.seconds / all) : std::nullopt),
         megabytes_cell(item.peak_memory_bytes), dollars_cell(answer, item.dollars)});
  }
  return table;
}

Table agreements_table(const Answer&, const Summary& summary) {
  Table table{.name = "task_agreement",
              .caption = "Do the cheap tasks tell what is best on the full one? Rank correlation",
              .columns = {{"Strategy", "strategy", false},
                          {"Cheap task", "task", false},
                          {"Its cost", "cost"},
                          {"Seen by", "in_passing", false},
                          {"Pairs", "pairs"},
                          {"Spearman", "rank_correlation"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"}},
              .rows = {},
              .emphasized = {}};
  for (const TaskAgreement& agreement : summary.agreements) {
    const auto& [low_high, r] = std::pair(agreement.interval, agreement.correlation);
    table.rows.push_back({text_cell(agreement.strategy),
                          text_cell(agreement.task),
                          number_cell(fmt::format("{:g}", agreement.cost), agreement.cost),
                          {agreement.in_passing ? "full runs in passing" : "runs of its own",
                           agreement.in_passing ? "true" : "false"},
                          count_cell(agreement.pairs),
                          r ? number_cell(correlation_text(*r), *r) : no_cell(),
                          low_high ? Cell{fmt::format("{} to {}", correlation_text(low_high->low),
                                                      correlation_text(low_high->high)),
                                          ""}
                                   : no_cell(),
                          low_high ? number_cell("", low_high->low) : no_cell(),
                          low_high ? number_cell("", low_high->high) : no_cell()});
  }
  return table;
}

}  // namespace frugal::report
