#include "experiment/history.h"

#include <algorithm>
#include <atomic>
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

// What the suggester is told of one observation, of a set of them.
class Telling {
 public:
  Telling(const Experiment& experiment, const std::vector<Observation>& observations)
      : scalarization_(experiment, observations),
        full_seconds_(seconds_of_full_task(experiment, observations)) {}

  // Everything but the assignments. Whether something changed.
  bool tell(const Observation& observation, optimizer::Observation& told) const {
    optimizer::Observation now;
    now.value = scalarization_.value(observation);
    if (now.value == observation.value) now.value_stddev = observation.value_stddev;
    if (observation.cost_seconds > 0 && full_seconds_ > 0)
      now.cost = observation.cost_seconds / full_seconds_;
    const bool is_same = now.value == told.value && now.value_stddev == told.value_stddev &&
                         now.cost == told.cost;
    told.value = now.value;
    told.value_stddev = now.value_stddev;
    told.cost = now.cost;
    return !is_same;
  }

 private:
  Scalarization scalarization_;
  double full_seconds_;
};

// The history may hold the first of the observations already. Whether these were told otherwise.
bool tell(const std::vector<Observation>& observations, const Telling& telling,
          optimizer::History& history) {
  bool is_retold = false;
  const std::size_t known = history.observations.size();
  for (std::size_t i = 0; i < known; ++i)
    is_retold |= telling.tell(observations[i], history.observations[i]);
  for (std::size_t i = known; i < observations.size(); ++i) {
    const optimizer::Suggestion& point = observations[i].point;
    history.observations.push_back({.assignments = point.assignments, .task = point.task});
    telling.tell(observations[i], history.observations.back());
  }
  return is_retold;
}

std::vector<optimizer::Suggestion> open_of(const std::map<Id, Trial>& trials) {
  std::vector<optimizer::Suggestion> open;
  for (const auto& [id, trial] : trials)
    if (trial.state != TrialState::kDone && trial.state != TrialState::kFailed)
      open.push_back(trial.suggestion);
  return open;
}

std::uint64_t new_lineage() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

optimizer::Problem problem_of(const Experiment& experiment) {
  return {experiment.space, experiment.maximize, experiment.tasks, experiment.budget};
}

optimizer::History history_of(const Experiment& experiment, const std::map<Id, Trial>& trials,
                              const std::vector<Observation>& observations) {
  optimizer::History history;
  tell(observations, Telling(experiment, observations), history);
  history.open = open_of(trials);
  return history;
}

const optimizer::History& KeptHistory::of(const Experiment& experiment,
                                          const std::map<Id, Trial>& trials, const Recent& recent) {
  const bool is_new = history_.lineage == 0 || version_ != recent.version();
  version_ = recent.version();
  if (is_new) history_.observations.clear();
  const bool is_retold = tell(recent.rows(), Telling(experiment, recent.rows()), history_);
  if (is_new || is_retold) history_.lineage = new_lineage();
  history_.open = open_of(trials);
  return history_;
}

}  // namespace frugal::experiment
