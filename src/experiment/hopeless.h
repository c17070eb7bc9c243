// Whether a run that has begun is worth its end. The learning curves of runs of the same task that
// came to theirs tell what remains to be gained from any point of a run, and how surely. Pure
// functions.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

struct CurvePoint {
  double share = 0;  // of the run, in (0, 1]
  double value = 0;  // of the metric, after it
  bool operator==(const CurvePoint&) const = default;
};
using Curve = std::vector<CurvePoint>;  // by share, ascending

// "curve" of a worker's word, a trial's progress or an observation's metadata: [[share, value],
// ...]. Empty when there is none, or one that makes no sense.
Curve curve_of(const Json& word);

// Student's t distribution around a value.
struct Forecast {
  double value = 0;
  double scale = 0;
  std::size_t degrees = 1;  // of freedom
};

// Of so many ended runs at least.
inline constexpr std::size_t kFewestCurves = 5;

// The end of a run that has come so far: its last value and what others gained from there on, which
// is taken to be normal around one mean. nullopt: fewer than kFewestCurves of the others had been
// looked at so early. ended: of the same task, to their ends.
std::optional<Forecast> forecast_end(const Curve& so_far, const std::vector<Curve>& ended);

// Whether that run, which was looked at just now, is to be stopped: the chance that it ends better
// than the best of those that ended is below what may be risked at this look. The risk is spent in
// proportion to the part of the run since the look before, so that over a whole run no more than
// risk is: a run that would have been the best is stopped with at most that probability, as far
// as the forecast's is right.
std::optional<Forecast> hopeless(const Curve& so_far, const std::vector<Curve>& ended,
                                 bool maximize, double risk);

// The curves of trials of that task that came to their ends.
std::vector<Curve> ended_curves(const std::vector<Observation>& observations, std::size_t task);

// What is written down of a run that was stopped: the forecast in place of a value.
inline constexpr const char* kForecastKey = "stopped_at_share";
// Whether the observation is a forecast of that kind.
bool is_forecast(const Observation& observation);

}  // namespace frugal::experiment
