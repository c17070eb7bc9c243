// The metrics of an experiment: one or two that are optimized, others that are stored or that must
// keep a threshold. SigOpt's words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::experiment {

enum class Strategy { kOptimize, kStore, kConstraint };

struct Metric {
  std::string name;
  bool maximize = true;
  Strategy strategy = Strategy::kOptimize;
  // Of a constraint, which is kept by values at least (maximize) or at most so large; of one of two
  // optimized metrics, what a trial must reach to be of interest.
  std::optional<double> threshold;
  bool operator==(const Metric&) const = default;
};

struct MetricValue {
  std::string name;
  double value = 0;
  std::optional<double> value_stddev;
  bool operator==(const MetricValue&) const = default;
};

Json to_json(const Metric& metric);
// At least one, the first of them optimized: the others keep their order. Throws InputError that
// names where and the metric: more than 50, none or three optimized, more than four constraints, a
// name that stands twice, a threshold that is missing or has no meaning.
std::vector<Metric> metrics_from_json(const Json& json, std::string_view where);

Json to_json(const MetricValue& value);

bool keeps_threshold(const Metric& metric, double value);  // true without one

}  // namespace frugal::experiment
