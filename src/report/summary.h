// What follows from an answer: a row for each arm with its intervals, the differences between
// arms, and the answer in one sentence. Deterministic: the bootstrap's seed is fixed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/answer.h"
#include "report/statistics.h"

namespace frugal::report {

struct Estimate {
  double value = 0;
  std::optional<Interval> interval;
};

struct Row {
  std::size_t arm = 0;  // index into Answer::arms
  std::string name;     // "fine-tune, tuned"
  bool winner = false;
  std::size_t seeds = 0;
  std::optional<Estimate> validation;  // absent: no run has ended yet
  std::optional<Estimate> test;        // absent: the test set was not opened
  std::optional<double> top5;
  std::optional<double> macro_f1;  // mean over seeds
};

// accuracy(first) − accuracy(second) on the same test photographs.
struct Gap {
  std::size_t first = 0, second = 0;  // indices into Answer::arms
  double difference = 0;
  Interval interval;
  double p_value = 1;            // paired_test's mid-p
  bool distinguishable = false;  // the interval excludes 0 and p ≤ 0.05
  std::string sentence;
};

struct Confusion {
  std::size_t label = 0, prediction = 0;
  std::size_t count = 0;        // over all seeds of the winner
  std::size_t label_total = 0;  // predictions on photographs of that label, over all seeds
};

// How well a cheap task tells what is best on the full one: over the assignments that ran both,
// runs of the same assignments averaged. Selection narrows it: the assignments that a search runs
// in full are alike good.
struct TaskAgreement {
  std::string strategy, task;
  double cost = 0;  // of the cheap task
  // Seen by full runs as they passed through the cheap task; else by runs of the cheap task alone.
  bool in_passing = false;
  std::size_t pairs = 0;
  std::optional<double> correlation;  // Spearman's; absent: not defined
  std::optional<Interval> interval;
};

struct Summary {
  std::vector<Row> rows;  // in the order of Answer::arms
  // Tuned against untuned for each strategy, the winner's first; then the winner against the
  // other strategies, tuned.
  std::vector<Gap> gaps;
  std::optional<Estimate> validation_to_test;  // the winner's validation − test accuracy
  std::vector<Confusion> confusions;           // the winner's, most frequent first
  // For each strategy, the cheapest task first; those without a pair are left out.
  std::vector<TaskAgreement> agreements;
  double accounted_share = 0;         // of the experiment's clock: the stages; 0: no clock
  std::string sentence;               // the answer
  std::string kept;                   // of the model that is kept, when it was refitted
  std::vector<std::string> cautions;  // a small test set, one class, one seed
};

Summary summarize(const Answer& answer);

// All stages together.
double accounted_seconds(const Answer& answer);

// Rows, gaps and the sentence, to stand as "summary" beside the answer's own keys.
Json to_json(const Summary& summary);

// to_json(answer) with "summary": what result.json and `--format json` hold.
Json result_json(const Answer& answer);

}  // namespace frugal::report
