// What follows from a study: a row for each arm with its intervals, every pair of arms compared on
// the same test photographs, and who is ahead in one sentence. Deterministic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/statistics.h"
#include "report/study.h"
#include "report/summary.h"

namespace frugal::report {

struct StudyGap {
  std::size_t first = 0, second = 0;  // indices into Study::arms; the first is not less accurate
  double difference = 0;              // accuracy(first) − accuracy(second)
  Interval interval;
  // Share of the second's errors that the first does without; absent: the second makes none.
  std::optional<Estimate> error_reduction;
  double p_value = 1;            // paired_test's mid-p
  double adjusted_p = 1;         // Holm's, over all pairs of the study
  bool distinguishable = false;  // the interval excludes 0 and adjusted_p ≤ 0.05
};

struct StudyRow {
  std::size_t arm = 0;  // index into Study::arms
  std::size_t done = 0, failed = 0;
  std::optional<Estimate> test;  // absent: no run is done
  std::optional<double> top5, macro_f1;
  // Against the baseline arm; absent for itself, and where either has no run that is done.
  std::optional<Estimate> points, error_reduction;
  double seconds = 0, dollars = 0;  // of a run that is done, on average
};

struct StudySummary {
  std::vector<StudyRow> rows;        // in the order of Study::arms
  std::vector<StudyGap> gaps;        // every pair with results, the most accurate arm's first
  std::optional<std::size_t> ahead;  // the most accurate arm, chance or not
  double seconds = 0, dollars = 0;   // of everything
  std::string sentence;
  std::vector<std::string> cautions;
};

StudySummary summarize(const Study& study);

// to_json(study) with "kind": "study" and "summary": what result.json and --format json hold.
Json result_json(const Study& study);

}  // namespace frugal::report
