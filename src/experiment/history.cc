#include "experiment/history.h"

#include <algorithm>
#include <cmath>

namespace frugal::experiment {
namespace {

// Mean measured seconds for each unit of task cost; 0 before the first success.
double seconds_of_full_task(const Experiment& experiment,
                            const std::vector<Observation>& observations) {
  double seconds = 0, cost = 0;
  for (const auto& observation : observations) {
    if (!observation.value || observation.cost_seconds <= 0) continue;
    seconds += observation.cost_seconds;
    cost += experiment.tasks[observation.point.task].cost;
  }
  return cost > 0 ? seconds / cost : 0;
}

struct Range {
  double low = 0, high = 0;
};

Range range_of(const std::vector<Observation>& observations, const Experiment& experiment,
               const Metric& metric) {
  std::optional<Range> range;
  for (const Observation& observation : observations) {
    const auto value =
        metric.name == experiment.metric ? observation.value : value_of(observation, metric.name);
    if (!value) continue;
    if (!range) range = Range{*value, *value};
    range = Range{std::min(range->low, *value), std::max(range->high, *value)};
  }
  return range.value_or(Range{});
}

// Two objectives as one: the augmented Chebyshev scalarization of ParEGO (Knowles 2006, eq. 2),
// with one of five weights, which takes turns with the number of observations.
class Scalarization {
 public:
  Scalarization(const Experiment& experiment, const std::vector<Observation>& observations)
      : experiment_(experiment) {
    const Metric* second = second_objective(experiment);
    if (second == nullptr) return;
    metrics_ = {metrics_of(experiment)[0], *second};
    for (const Metric& metric : metrics_)
      ranges_.push_back(range_of(observations, experiment, metric));
    weight_ = .1 + .2 * static_cast<double>(observations.size() % 5);
  }

  // What the suggester is told: a threshold that is broken counts as a failure.
  std::optional<double> value(const Observation& observation) const {
    if (metrics_.empty())
      return keeps_thresholds(observation, experiment_) ? observation.value : std::nullopt;
    if (!observation.value) return std::nullopt;
    for (const Metric& metric : metrics_of(experiment_))
      if (metric.strategy == Strategy::kConstraint &&
          !keeps_threshold(metric, value_of(observation, metric.name).value_or(NAN)))
        return std::nullopt;
    const double a = loss(0, *observation.value),
                 b = loss(1, value_of(observation, metrics_[1].name).value_or(NAN));
    const double chebyshev = std::max(weight_ * a, (1 - weight_) * b);
    const double scalar = chebyshev + .05 * (weight_ * a + (1 - weight_) * b);
    return experiment_.maximize ? -scalar : scalar;
  }

 private:
  // In [0, 1], 0 the best seen.
  double loss(std::size_t metric, double value) const {
    const Range range = ranges_[metric];
    if (!(range.high > range.low)) return 0;
    const double place = (value - range.low) / (range.high - range.low);
    return metrics_[metric].maximize ? 1 - place : place;
  }

  const Experiment& experiment_;
  std::vector<Metric> metrics_;  // the two; none: there is but one
  std::vector<Range> ranges_;
  double weight_ = .5;
};

}  // namespace

optimizer::Problem problem_of(const Experiment& experiment) {
  return {experiment.space, experiment.maximize, experiment.tasks, experiment.budget};
}

optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations) {
  optimizer::History history;
  const double full_seconds = seconds_of_full_task(experiment, observations);
  const Scalarization scalarization(experiment, observations);
  history.observations.reserve(observations.size());
  for (const auto& observation : observations) {
    const auto value = scalarization.value(observation);
    const bool is_plain = value == observation.value;
    optimizer::Observation seen{observation.point.assignments, observation.point.task, value,
                                is_plain ? observation.value_stddev : std::nullopt, std::nullopt};
    if (observation.cost_seconds > 0 && full_seconds > 0)
      seen.cost = observation.cost_seconds / full_seconds;
    history.observations.push_back(std::move(seen));
  }
  for (const auto& [id, trial] : trials)
    if (trial.state != TrialState::kDone && trial.state != TrialState::kFailed)
      history.open.push_back(trial.suggestion);
  return history;
}

}  // namespace frugal::experiment
