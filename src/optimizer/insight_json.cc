#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "optimizer/insight.h"

namespace frugal::optimizer {
namespace {

Json write(const Effect& effect);
Json write(const Value& value);
Json write(const DependencePoint& point);
Json write(const Dependence& dependence);
Json write(const Coverage& coverage);
Json write(const CalibrationSummary& summary);
Json write(const LeftOut& observation);
Json write(const TaskCorrelation& correlation);

template <typename T>
Json list(const std::vector<T>& items) {
  Json json = Json::array();
  for (const T& item : items) json.push_back(write(item));
  return json;
}

Json write(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

Json write(const Effect& effect) {
  return {{"parameters", effect.parameters}, {"share", write(effect.share)}};
}

Json write(const Decomposition& d) {
  return {{"main", list(d.main)}, {"pairs", list(d.pairs)}, {"total", list(d.total)}};
}

Json write(const Value& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

Json write(const DependencePoint& point) {
  return {{"at", list(point.at)}, {"metric", write(point.metric)}};
}

Json write(const Dependence& dependence) {
  return {{"parameters", dependence.parameters}, {"points", list(dependence.points)}};
}

Json write(const Coverage& coverage) {
  return {{"nominal", coverage.nominal}, {"observed", coverage.observed}};
}

Json write(const CalibrationSummary& summary) {
  return {
      {"task", summary.task},
      {"count", summary.count},
      {"residual_mean", summary.residual_mean},
      {"residual_deviation", summary.residual_deviation},
      {"coverage", list(summary.coverage)},
      {"log_density", summary.log_density},
      {"rank_correlation", summary.rank_correlation ? Json(*summary.rank_correlation) : Json()}};
}

Json write(const LeftOut& observation) {
  return {{"task", observation.task},
          {"observed", observation.observed},
          {"predicted", write(observation.predicted)},
          {"residual", observation.residual}};
}

Json write(const Calibration& c) {
  return {{"all", write(c.all)}, {"tasks", list(c.tasks)}, {"observations", list(c.observations)}};
}

Json write(const TaskCorrelation& correlation) {
  return {{"task", correlation.task}, {"correlation", write(correlation.correlation)}};
}

// Reading: nlohmann's exceptions become an InputError in insight_from_json.

template <typename T>
T read(const Json& json);

template <typename T>
std::vector<T> read_list(const Json& json) {
  if (!json.is_array()) throw InputError("a list was expected");
  std::vector<T> items;
  for (const Json& item : json) items.push_back(read<T>(item));
  return items;
}

template <>
Interval read(const Json& json) {
  return {json.at("value"), json.at("low"), json.at("high")};
}

template <>
Effect read(const Json& json) {
  return {json.at("parameters"), read<Interval>(json.at("share"))};
}

template <>
Decomposition read(const Json& json) {
  return {read_list<Effect>(json.at("main")), read_list<Effect>(json.at("pairs")),
          read_list<Effect>(json.at("total"))};
}

template <>
Value read(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  return json.get<double>();
}

template <>
DependencePoint read(const Json& json) {
  return {read_list<Value>(json.at("at")), read<Interval>(json.at("metric"))};
}

template <>
Dependence read(const Json& json) {
  return {json.at("parameters"), read_list<DependencePoint>(json.at("points"))};
}

template <>
Coverage read(const Json& json) {
  return {json.at("nominal"), json.at("observed")};
}

template <>
CalibrationSummary read(const Json& json) {
  const Json& correlation = json.at("rank_correlation");
  return {.task = json.at("task"),
          .count = json.at("count"),
          .residual_mean = json.at("residual_mean"),
          .residual_deviation = json.at("residual_deviation"),
          .coverage = read_list<Coverage>(json.at("coverage")),
          .log_density = json.at("log_density"),
          .rank_correlation =
              correlation.is_null() ? std::optional<double>() : correlation.get<double>()};
}

template <>
LeftOut read(const Json& json) {
  return {json.at("task"), json.at("observed"), read<Interval>(json.at("predicted")),
          json.at("residual")};
}

template <>
Calibration read(const Json& json) {
  return {read<CalibrationSummary>(json.at("all")), read_list<CalibrationSummary>(json.at("tasks")),
          read_list<LeftOut>(json.at("observations"))};
}

template <>
TaskCorrelation read(const Json& json) {
  return {json.at("task"), read<Interval>(json.at("correlation"))};
}

template <>
Importance read(const Json& json) {
  return {read<Decomposition>(json.at("overall")), read<Decomposition>(json.at("near_top"))};
}

template <>
Insight read(const Json& json) {
  Insight insight{.lacking = json.at("lacking")};
  if (!insight.lacking.empty()) return insight;
  insight.notes = json.at("notes").get<std::vector<std::string>>();
  insight.observations = json.at("observations");
  insight.importance = read<Importance>(json.at("importance"));
  insight.partial_dependences = read_list<Dependence>(json.at("partial_dependences"));
  insight.slices = read_list<Dependence>(json.at("slices"));
  for (const auto& [name, value] : json.at("best").items())
    insight.best.emplace(name, read<Value>(value));
  insight.left_out_observations = read<Calibration>(json.at("left_out_observations"));
  insight.left_out_assignments = read<Calibration>(json.at("left_out_assignments"));
  insight.task_correlations = read_list<TaskCorrelation>(json.at("task_correlations"));
  return insight;
}

}  // namespace

Json to_json(const Insight& insight) {
  if (!insight.lacking.empty()) return {{"lacking", insight.lacking}};
  const Importance& importance = insight.importance;
  return {{"lacking", ""},
          {"notes", insight.notes},
          {"observations", insight.observations},
          {"importance",
           {{"overall", write(importance.overall)}, {"near_top", write(importance.near_top)}}},
          {"partial_dependences", list(insight.partial_dependences)},
          {"slices", list(insight.slices)},
          {"best", to_json(insight.best)},
          {"left_out_observations", write(insight.left_out_observations)},
          {"left_out_assignments", write(insight.left_out_assignments)},
          {"task_correlations", list(insight.task_correlations)}};
}

Insight insight_from_json(const Json& json, std::string_view where) {
  try {
    return read<Insight>(json);
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace frugal::optimizer
