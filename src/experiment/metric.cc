#include "experiment/metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::experiment {
namespace {

constexpr std::size_t kMostMetrics = 50;
constexpr std::ptrdiff_t kMostOptimized = 2, kMostConstraints = 4;

const char* name_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::kOptimize:
      return "optimize";
    case Strategy::kStore:
      return "store";
    case Strategy::kConstraint:
      return "constraint";
  }
  FRUGAL_CHECK(false);
}

std::string text(const Json& json, const char* key, const std::string& fallback,
                 const std::string& where) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return fallback;
  if (!found->is_string()) throw InputError(fmt::format("{}: {} must be a text", where, key));
  return found->get<std::string>();
}

Metric metric_from_json(const Json& json, std::string_view outer) {
  const std::string where = fmt::format("{}: metrics", outer);
  if (json.is_string()) return {.name = json.get<std::string>()};
  require_known_keys(json, {"name", "objective", "strategy", "threshold", "object"}, where);
  Metric metric{.name = text(json, "name", "value", where)};
  const std::string objective = text(json, "objective", "maximize", where);
  if (objective != "maximize" && objective != "minimize")
    throw InputError(
        fmt::format("{}: objective is maximize or minimize, not {}", where, objective));
  metric.maximize = objective == "maximize";
  const std::string strategy = text(json, "strategy", "optimize", where);
  bool known = false;
  for (const Strategy candidate : {Strategy::kOptimize, Strategy::kStore, Strategy::kConstraint})
    if (strategy == name_of(candidate)) metric.strategy = candidate, known = true;
  if (!known)
    throw InputError(
        fmt::format("{}: strategy is optimize, store or constraint, not {}", where, strategy));
  if (const auto found = json.find("threshold"); found != json.end() && !found->is_null()) {
    if (!found->is_number()) throw InputError(fmt::format("{}: threshold must be a number", where));
    metric.threshold = found->get<double>();
  }
  return metric;
}

void check(const std::vector<Metric>& metrics, std::string_view where) {
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("{}: metrics: {}", where, why));
  };
  const auto count = [&](Strategy strategy) {
    return std::count_if(metrics.begin(), metrics.end(),
                         [&](const Metric& metric) { return metric.strategy == strategy; });
  };
  if (metrics.empty() || metrics.size() > kMostMetrics)
    refuse(fmt::format("there must be 1 to {}", kMostMetrics));
  const auto optimized = count(Strategy::kOptimize);
  if (optimized < 1 || optimized > kMostOptimized)
    refuse(fmt::format("one or two can be optimized, not {}", optimized));
  if (count(Strategy::kConstraint) > kMostConstraints)
    refuse(fmt::format("at most {} can be constraints", kMostConstraints));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const Metric& metric = metrics[i];
    if (metric.name.empty() || metric.name.size() > 100)
      refuse("a name must have 1 to 100 characters");
    for (std::size_t j = 0; j < i; ++j)
      if (metrics[j].name == metric.name) refuse(fmt::format("{} stands twice", metric.name));
    if (metric.strategy == Strategy::kConstraint && !metric.threshold)
      refuse(fmt::format("{} is a constraint and needs a threshold", metric.name));
    if (metric.strategy == Strategy::kStore && metric.threshold)
      refuse(fmt::format("{} is only stored and has no threshold; leave it out", metric.name));
    if (metric.strategy == Strategy::kOptimize && metric.threshold && optimized == 1)
      refuse(fmt::format("{} is optimized alone and has no threshold; leave it out", metric.name));
  }
}

}  // namespace

Json to_json(const Metric& metric) {
  Json json = {{"object", "metric"},
               {"name", metric.name},
               {"objective", metric.maximize ? "maximize" : "minimize"},
               {"strategy", name_of(metric.strategy)}};
  if (metric.threshold) json["threshold"] = *metric.threshold;
  return json;
}

std::vector<Metric> metrics_from_json(const Json& json, std::string_view where) {
  if (!json.is_array()) throw InputError(fmt::format("{}: metrics must be a list", where));
  std::vector<Metric> metrics;
  for (const Json& item : json) metrics.push_back(metric_from_json(item, where));
  check(metrics, where);
  std::stable_partition(metrics.begin(), metrics.end(), [](const Metric& metric) {
    return metric.strategy == Strategy::kOptimize;
  });
  return metrics;
}

Json to_json(const MetricValue& value) {
  return {{"object", "metric_evaluation"},
          {"name", value.name},
          {"value", value.value},
          {"value_stddev", value.value_stddev ? Json(*value.value_stddev) : Json()}};
}

bool keeps_threshold(const Metric& metric, double value) {
  if (!metric.threshold) return true;
  return metric.maximize ? value >= *metric.threshold : value <= *metric.threshold;
}

}  // namespace frugal::experiment
