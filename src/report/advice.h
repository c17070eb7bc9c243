// Advice before anything is spent: for each strategy that the budget allows, the range in which the
// accuracy is expected, and why; and afterwards how good the advice was. Pure functions.
//
// What is expected follows from a probe: closed-form heads on frozen features of some of the
// photographs, for three sizes of the training set. Its error is carried on to all photographs by a
// power law, error(n) = a · n^−b with 0 ≤ b ≤ 1 (Hestness et al. 2017, arXiv:1712.00409), its band
// by resampling the photographs that judged. What tuning and fine-tuning remove of those errors is
// taken from past runs, or else from the few that were measured (docs/compare.md): a wide range.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "report/answer.h"
#include "report/statistics.h"
#include "report/table.h"

namespace frugal::report {

struct ProbePoint {
  std::size_t photographs = 0;  // that the head learned from
  double accuracy = 0;          // on photographs of the validation part
  double low = 0, high = 1;     // 95 % interval
  bool operator==(const ProbePoint&) const = default;
};

// A strategy with a network.
struct Prospect {
  std::string strategy, network, weights;
  std::string impossible;  // why the budget does not hold it; "": it does
  std::size_t height = 0, width = 0;
  double epochs = 0;         // of the longest run that the budget holds
  double low = 0, high = 0;  // test accuracy that is expected
  double seconds_low = 0, seconds_high = 0;
  std::vector<ProbePoint> probe;
  std::string why;
  bool operator==(const Prospect&) const = default;
};

struct PastRun {
  std::string folder, title, strategy, network, budget;
  std::size_t photographs = 0, classes = 0;
  bool same_data = false;
  double accuracy = 0, low = 0, high = 0;  // on test, of the model that it kept
  double seconds = 0;
  bool operator==(const PastRun&) const = default;
};

struct Advice {
  std::string data, budget, machine;
  double price_per_hour = 0;
  std::size_t photographs = 0, classes = 0;
  double spent_seconds = 0;  // on the advice itself
  std::vector<Prospect> prospects;
  std::size_t recommended = 0;  // index; a possible one
  std::vector<PastRun> past;
  std::vector<std::string> unknown;  // what could not be known, in sentences
  bool operator==(const Advice&) const = default;
};

Json to_json(const Advice& advice);
Advice advice_from_json(const Json& json, std::string_view where);  // throws InputError

// Where the power law through accuracies at those numbers of photographs (ascending, two at least)
// arrives at n of them.
double extrapolated(const std::vector<std::size_t>& sizes, const std::vector<double>& accuracies,
                    double n);
// correct[k][j]: whether the head of size k was right on photograph j.
Interval extrapolation_interval(const std::vector<std::size_t>& sizes, const Correctness& correct,
                                double n, RandomStream random);

// Shares of errors that are removed, from past runs; absent: none tells.
struct PastGains {
  std::optional<Interval> tuning;       // by a tuned head over the untuned one
  std::optional<Interval> fine_tuning;  // over a tuned head on frozen features
};
PastGains past_gains(const std::vector<Answer>& past);

// The range of accuracies when a share of errors within gain is removed.
Interval improved(Interval accuracy, Interval gain);

// The index of the strategy to take: the highest middle of its range; of those within
// kAlike of it the cheapest. Needs a possible one.
inline constexpr double kAlike = 0.03;
std::size_t recommend(const std::vector<Prospect>& prospects);

std::string sentence(const Advice& advice);
std::vector<Table> tables(const Advice& advice);

// How good it was.
struct AdviceCheck {
  std::string sentence;
  Table table;
};
// Throws InputError when the run has not opened its test part.
AdviceCheck check_advice(const Advice& advice, const Answer& answer);

}  // namespace frugal::report
