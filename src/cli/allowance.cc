#include "cli/allowance.h"

#include <algorithm>
#include <utility>

namespace frugal::cli {
namespace {

constexpr double kCaution = 1.1;    // trials take this much longer now and then
constexpr double kRounding = 1e-9;  // costs such as 0.1 add up with it

}  // namespace

Allowance::Allowance(experiment::Experiment experiment, std::optional<double> runs,
                     std::optional<double> seconds, const std::vector<experiment::Trial>& trials)
    : experiment_(std::move(experiment)), runs_(runs), seconds_(seconds) {
  for (const auto& trial : trials) runs_begun_ += experiment_.tasks.at(trial.suggestion.task).cost;
}

void Allowance::learn_seconds(const std::vector<experiment::Trial>& trials) {
  std::map<std::string, Seen> seen;
  for (const auto& trial : trials) {
    if (trial.state != experiment::TrialState::kDone) continue;
    const optimizer::Task& task = experiment_.tasks.at(trial.suggestion.task);
    Seen& of_task = seen[task.name];
    of_task.seconds += trial.cost.wall_seconds;
    of_task.cost += task.cost;
    of_task.count += 1;
  }
  const std::lock_guard lock(mutex_);
  seen_ = std::move(seen);
}

// Of its own task's trials, else of the others' in proportion to the cost, else 0.
double Allowance::expected_seconds(const optimizer::Task& task) const {
  if (const auto own = seen_.find(task.name); own != seen_.end())
    return own->second.seconds / own->second.count;
  double seconds = 0, cost = 0;
  for (const auto& [name, seen] : seen_) {
    seconds += seen.seconds;
    cost += seen.cost;
  }
  return cost > 0 ? seconds / cost * task.cost : 0;
}

bool Allowance::admits(const optimizer::Task& task, double spent_seconds) {
  const std::lock_guard lock(mutex_);
  if (runs_ && runs_begun_ + task.cost > *runs_ + kRounding) refused_ = true;
  if (seconds_ && spent_seconds + kCaution * expected_seconds(task) > *seconds_) refused_ = true;
  if (!refused_) runs_begun_ += task.cost;
  return !refused_;
}

bool Allowance::is_spent(double spent_seconds) const {
  const std::lock_guard lock(mutex_);
  double cheapest = 1;
  for (const auto& task : experiment_.tasks) cheapest = std::min(cheapest, task.cost);
  return refused_ || (runs_ && runs_begun_ + cheapest > *runs_ + kRounding) ||
         (seconds_ && spent_seconds >= *seconds_);
}

}  // namespace frugal::cli
