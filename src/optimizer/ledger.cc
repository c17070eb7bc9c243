#include "optimizer/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace frugal::optimizer {
namespace {

constexpr int kDraws = 64;
constexpr int kMoreDraws = 1000;
constexpr std::size_t kEnumerated = 20000;

void check_tasks(const std::vector<Task>& tasks) {
  std::size_t full = 0;
  for (const Task& task : tasks) {
    if (!(task.cost > 0 && task.cost <= 1))
      throw InputError(fmt::format("task {}: its cost must lie in (0, 1]", task.name));
    full += task.cost == 1;
  }
  if (full != 1) throw InputError("exactly one task must have the cost 1: the full one");
}

}  // namespace

Ledger::Ledger(const Problem& problem) : problem_(problem), encoder_(problem.space) {
  check_tasks(problem.tasks);
  tasks_.resize(problem.tasks.size());
  std::iota(tasks_.begin(), tasks_.end(), std::size_t{0});
  std::stable_sort(tasks_.begin(), tasks_.end(), [&](std::size_t a, std::size_t b) {
    return problem.tasks[a].cost < problem.tasks[b].cost;
  });
  update({});
}

std::size_t Ledger::update(const History& history) {
  const std::size_t known = observations_.size();
  const bool is_related = history.lineage != 0 && history.lineage == lineage_;
  const bool has_grown = known <= history.observations.size() && !counts_.empty() &&
                         (is_related || std::equal(observations_.begin(), observations_.end(),
                                                   history.observations.begin()));
  lineage_ = history.lineage;
  if (!has_grown) {
    observations_.clear(), records_.clear();
    open_.clear(), open_keys_.clear();
    counts_.assign(tasks_.size(), {});
    measured_cost_.assign(tasks_.size(), 0.0);
    measured_.assign(tasks_.size(), 0);
  }
  for (std::size_t i = 0; i < open_.size(); ++i) --counts_[open_[i].task][open_keys_[i]].open;
  open_.clear(), open_keys_.clear();
  const std::size_t kept = observations_.size();
  for (std::size_t i = kept; i < history.observations.size(); ++i) add(history.observations[i]);
  for (const Suggestion& suggestion : history.open) open(suggestion);
  return kept;
}

void Ledger::add(const Observation& observation) {
  FRUGAL_CHECK(observation.task < problem_.tasks.size(), "an observation of an unknown task");
  Record record;
  record.key = problem_.space.canonical_key(observation.assignments);
  record.point = encoder_.encode(observation.assignments);
  record.task = observation.task;
  record.is_valid = encoder_.is_feasible(record.point) &&
                    problem_.space.canonical_key(encoder_.decode(record.point)) == record.key;
  if (observation.value && std::isfinite(*observation.value))
    record.value = problem_.maximize ? *observation.value : -*observation.value;
  if (observation.value_stddev && std::isfinite(*observation.value_stddev))
    record.stddev = std::abs(*observation.value_stddev);
  record.cost = problem_.tasks[record.task].cost;
  if (observation.cost && std::isfinite(*observation.cost) && *observation.cost >= 0) {
    record.cost = *observation.cost;
    measured_cost_[record.task] += record.cost;
    ++measured_[record.task];
  }
  ++counts_[record.task][record.key].observed;
  records_.push_back(std::move(record));
  observations_.push_back(observation);
}

void Ledger::open(const Suggestion& suggestion) {
  FRUGAL_CHECK(suggestion.task < problem_.tasks.size(), "a suggestion of an unknown task");
  open_.push_back(suggestion);
  open_keys_.push_back(problem_.space.canonical_key(suggestion.assignments));
  ++counts_[suggestion.task][open_keys_.back()].open;
}

Ledger::Count Ledger::count(const std::string& key, std::size_t task) const {
  const auto found = counts_[task].find(key);
  return found == counts_[task].end() ? Count{} : found->second;
}

bool Ledger::is_open(const std::string& key, std::size_t task) const {
  return count(key, task).open > 0;
}

bool Ledger::is_seen(const std::string& key, std::size_t task) const {
  const Count found = count(key, task);
  return found.open + found.observed > 0;
}

std::size_t Ledger::count_seen(std::size_t task) const {
  const auto of_task = [&](const auto& entry) { return entry.task == task; };
  return static_cast<std::size_t>(std::count_if(records_.begin(), records_.end(), of_task) +
                                  std::count_if(open_.begin(), open_.end(), of_task));
}

double Ledger::task_cost(std::size_t task) const {
  if (measured_[task] == 0) return problem_.tasks[task].cost;
  return std::max(1e-6, measured_cost_[task] / double(measured_[task]));
}

std::optional<Assignments> Ledger::fresh(std::size_t task, RandomStream& random,
                                         const std::function<Point()>& draw) const {
  const auto try_draws = [&](int draws, bool may_be_observed,
                             const std::function<Point()>& by) -> std::optional<Assignments> {
    for (int i = 0; i < draws; ++i) {
      const Point point = by();
      if (!encoder_.is_feasible(point)) continue;
      Assignments assignments = encoder_.decode(point);
      const Count found = count(problem_.space.canonical_key(assignments), task);
      if (found.open == 0 && (may_be_observed || found.observed == 0)) return assignments;
    }
    return std::nullopt;
  };
  if (auto drawn = try_draws(kDraws, false, draw)) return drawn;
  const std::function<Point()> sample = [&] { return encoder_.sample(random); };
  // A narrow prior may give one value alone.
  const std::function<Point()> anywhere = [&] {
    return encoder_.perturb(sample(), std::vector<double>(encoder_.coordinates(), 1), 1, random);
  };
  if (encoder_.cardinality(kEnumerated) == 0) {
    if (auto drawn = try_draws(kMoreDraws, false, sample)) return drawn;
    if (auto drawn = try_draws(kMoreDraws, false, anywhere)) return drawn;
    return try_draws(kMoreDraws, true, anywhere);
  }
  std::vector<Assignments> least;
  std::size_t least_observed = std::numeric_limits<std::size_t>::max();
  for (const Point& point : encoder_.enumerate(kEnumerated)) {
    Assignments assignments = encoder_.decode(point);
    const Count found = count(problem_.space.canonical_key(assignments), task);
    if (found.open > 0 || found.observed > least_observed) continue;
    if (found.observed < least_observed) least.clear();
    least_observed = found.observed;
    least.push_back(std::move(assignments));
  }
  if (least.empty()) return std::nullopt;
  return least[random.below(least.size())];
}

}  // namespace frugal::optimizer
