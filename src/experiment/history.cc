#include "experiment/history.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace frugal::experiment {
namespace {

struct Range {
  double low = 0, high = 0;
};

}  // namespace

// What the suggester is told of observations, of the set of those that were added.
class Telling {
 public:
  explicit Telling(const Experiment& experiment) : experiment_(experiment) {
    const Metric* second = second_objective(experiment);
    if (second != nullptr) objectives_ = {metrics_of(experiment)[0], *second};
    ranges_.resize(objectives_.size());
  }

  // Whether those that were added before are told otherwise now.
  bool add(const Observation& observation) {
    ++count_;
    for (std::size_t i = 0; i < objectives_.size(); ++i)
      if (const auto value = value_at(observation, i)) widen(ranges_[i], *value);
    if (observation.value && observation.cost_seconds > 0) {
      seconds_ += observation.cost_seconds;
      cost_ += experiment_.tasks[observation.point.task].cost;
    }
    return !objectives_.empty() || cost_ > 0;
  }

  // Everything but the assignments and the task.
  void tell(const Observation& observation, optimizer::Observation& told) const {
    told.value = value(observation);
    const bool is_plain = told.value == observation.value;
    told.value_stddev = is_plain ? observation.value_stddev : std::nullopt;
    // Over the mean measured seconds for each unit of task cost.
    const bool is_measured = observation.cost_seconds > 0 && cost_ > 0;
    told.cost =
        is_measured ? std::optional(observation.cost_seconds / (seconds_ / cost_)) : std::nullopt;
  }

 private:
  static void widen(std::optional<Range>& range, double value) {
    if (!range) range = Range{value, value};
    range = Range{std::min(range->low, value), std::max(range->high, value)};
  }

  std::optional<double> value_at(const Observation& observation, std::size_t objective) const {
    const std::string& name = objectives_[objective].name;
    return name == experiment_.metric ? observation.value : value_of(observation, name);
  }

  // A threshold that is broken counts as a failure. Two objectives as one: the augmented Chebyshev
  // scalarization of ParEGO (Knowles 2006, eq. 2), with one of five weights, which takes turns
  // with the number of observations.
  std::optional<double> value(const Observation& observation) const {
    if (objectives_.empty())
      return keeps_thresholds(observation, experiment_) ? observation.value : std::nullopt;
    if (!observation.value) return std::nullopt;
    for (const Metric& metric : metrics_of(experiment_))
      if (metric.strategy == Strategy::kConstraint &&
          !keeps_threshold(metric, value_of(observation, metric.name).value_or(NAN)))
        return std::nullopt;
    const double weight = .1 + .2 * static_cast<double>(count_ % 5);
    const double a = loss(observation, 0), b = loss(observation, 1);
    const double chebyshev = std::max(weight * a, (1 - weight) * b);
    const double scalar = chebyshev + .05 * (weight * a + (1 - weight) * b);
    return experiment_.maximize ? -scalar : scalar;
  }

  // In [0, 1], 0 the best seen.
  double loss(const Observation& observation, std::size_t objective) const {
    const Range range = ranges_[objective].value_or(Range{});
    if (!(range.high > range.low)) return 0;
    const double value = value_at(observation, objective).value_or(NAN);
    const double place = (value - range.low) / (range.high - range.low);
    return objectives_[objective].maximize ? 1 - place : place;
  }

  const Experiment& experiment_;
  std::vector<Metric> objectives_;  // the two; none: there is but one
  std::vector<std::optional<Range>> ranges_;
  std::size_t count_ = 0;
  double seconds_ = 0, cost_ = 0;  // of those that were measured
};

namespace {

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
  KeptHistory kept;
  return kept.of(experiment, trials, observations, 0);
}

KeptHistory::KeptHistory() = default;
KeptHistory::~KeptHistory() = default;

const optimizer::History& KeptHistory::of(const Experiment& experiment,
                                          const std::map<Id, Trial>& trials,
                                          const std::vector<Observation>& observations,
                                          std::uint64_t version) {
  const bool is_other = telling_ == nullptr || version_ != version;
  if (is_other) {
    telling_ = std::make_unique<Telling>(experiment);
    history_.observations.clear();
    version_ = version;
  }
  const std::size_t known = history_.observations.size();
  bool is_retold = false;
  for (std::size_t i = known; i < observations.size(); ++i) {
    const optimizer::Suggestion& point = observations[i].point;
    history_.observations.push_back({.assignments = point.assignments, .task = point.task});
    is_retold |= telling_->add(observations[i]);
  }
  for (std::size_t i = is_retold ? 0 : known; i < observations.size(); ++i)
    telling_->tell(observations[i], history_.observations[i]);
  if (is_other || is_retold) history_.lineage = new_lineage();
  history_.open = open_of(trials);
  return history_;
}

}  // namespace frugal::experiment
