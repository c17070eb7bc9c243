#include "experiment/hopeless.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace frugal::experiment {
namespace {

constexpr double kWhole = 1 - 1e-9;
// Of the values' spread: curves that happen to be parallel make no forecast certain.
constexpr double kLeastScale = 0.01;

// Between two looks on a line; nullopt before the first.
std::optional<double> value_at(const Curve& curve, double share) {
  const auto after =
      std::lower_bound(curve.begin(), curve.end(), share - 1e-9,
                       [](const CurvePoint& point, double wanted) { return point.share < wanted; });
  if (after == curve.end()) return std::nullopt;
  if (std::abs(after->share - share) <= 1e-9) return after->value;
  if (after == curve.begin()) return std::nullopt;
  const auto before = std::prev(after);
  const double along = (share - before->share) / (after->share - before->share);
  return before->value + along * (after->value - before->value);
}

double spread_of_ends(const std::vector<Curve>& ended) {
  const auto [low, high] = std::minmax_element(
      ended.begin(), ended.end(),
      [](const Curve& a, const Curve& b) { return a.back().value < b.back().value; });
  return high->back().value - low->back().value;
}

double chance_above(const Forecast& forecast, double value) {
  if (forecast.scale <= 0) return forecast.value > value ? 1 : 0;
  const boost::math::students_t distribution(static_cast<double>(forecast.degrees));
  return cdf(complement(distribution, (value - forecast.value) / forecast.scale));
}

}  // namespace

Curve curve_of(const Json& word) {
  if (!word.is_object() || !word.contains("curve") || !word.at("curve").is_array()) return {};
  Curve curve;
  for (const Json& point : word.at("curve")) {
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number())
      return {};
    curve.push_back({point[0], point[1]});
    const auto [share, value] = curve.back();
    const double before = curve.size() > 1 ? curve[curve.size() - 2].share : 0;
    if (!std::isfinite(value) || !(share > before) || share > 1 + 1e-6) return {};
  }
  return curve;
}

std::optional<Forecast> forecast_end(const Curve& so_far, const std::vector<Curve>& ended) {
  if (so_far.empty()) return std::nullopt;
  std::vector<double> gains;
  for (const Curve& curve : ended)
    if (const auto then = value_at(curve, so_far.back().share))
      gains.push_back(curve.back().value - *then);
  if (gains.size() < kFewestCurves) return std::nullopt;
  const auto n = static_cast<double>(gains.size());
  const double mean = std::accumulate(gains.begin(), gains.end(), 0.0) / n;
  double squares = 0;
  for (const double gain : gains) squares += (gain - mean) * (gain - mean);
  const double deviation =
      std::max(std::sqrt(squares / (n - 1)), kLeastScale * spread_of_ends(ended));
  return Forecast{so_far.back().value + mean, deviation * std::sqrt(1 + 1 / n), gains.size() - 1};
}

std::optional<Forecast> hopeless(const Curve& so_far, const std::vector<Curve>& ended,
                                 bool maximize, double risk) {
  if (so_far.empty() || so_far.back().share > kWhole || ended.empty()) return std::nullopt;
  const auto forecast = forecast_end(so_far, ended);
  if (!forecast) return std::nullopt;
  double best = ended.front().back().value;
  for (const Curve& curve : ended)
    best = maximize ? std::max(best, curve.back().value) : std::min(best, curve.back().value);
  const double above = chance_above(*forecast, best);
  const double before = so_far.size() > 1 ? so_far[so_far.size() - 2].share : 0;
  const double may_be_risked = risk * (so_far.back().share - before);
  return (maximize ? above : 1 - above) < may_be_risked ? forecast : std::nullopt;
}

std::vector<Curve> ended_curves(const std::vector<Observation>& observations, std::size_t task) {
  std::vector<Curve> curves;
  for (const Observation& observation : observations) {
    if (observation.point.task != task || observation.on_the_way || observation.deleted ||
        !observation.value || is_forecast(observation))
      continue;
    Curve curve = curve_of(observation.metadata);
    if (!curve.empty() && curve.back().share >= 1 - 1e-6) curves.push_back(std::move(curve));
  }
  return curves;
}

bool is_forecast(const Observation& observation) {
  return observation.metadata.contains(kForecastKey);
}

}  // namespace frugal::experiment
