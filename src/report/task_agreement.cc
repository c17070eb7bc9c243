#include "report/task_agreement.h"

#include <map>
#include <numeric>
#include <tuple>

#include "report/rank_correlation.h"

namespace frugal::report {
namespace {

using Values = std::map<std::string, std::vector<double>>;  // by assignments

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct Key {
  std::string strategy;
  double cost = 0;
  std::string task;
  bool in_passing = false;
  auto operator<=>(const Key&) const = default;
};

TaskAgreement agreement_of(const Key& key, const Values& cheap, const Values& full) {
  TaskAgreement agreement{key.strategy, key.task, key.cost, key.in_passing};
  std::vector<double> x, y;
  for (const auto& [assignments, values] : cheap) {
    const auto both = full.find(assignments);
    if (both == full.end()) continue;
    x.push_back(mean(values));
    y.push_back(mean(both->second));
  }
  agreement.pairs = x.size();
  agreement.correlation = spearman(x, y);
  agreement.interval = spearman_interval(x, y,
                                         RandomStream(0)
                                             .derive("task agreement")
                                             .derive(key.strategy)
                                             .derive(key.task)
                                             .derive(key.in_passing ? 1 : 0));
  return agreement;
}

}  // namespace

std::vector<TaskAgreement> task_agreements(const Answer& answer) {
  std::map<std::string, Values> full;  // by strategy
  std::map<Key, Values> cheap;
  for (const Trial& trial : answer.trials) {
    if (trial.state != "done" || !trial.value || trial.task == kLonger || trial.is_forecast())
      continue;
    const std::string assignments = trial.assignments.dump();
    if (trial.cost < 1) {
      cheap[{trial.strategy, trial.cost, trial.task, false}][assignments].push_back(*trial.value);
      continue;
    }
    full[trial.strategy][assignments].push_back(*trial.value);
    for (const Passing& passing : trial.passings)
      cheap[{trial.strategy, passing.cost, passing.task, true}][assignments].push_back(
          passing.value);
  }
  std::vector<TaskAgreement> agreements;
  for (const auto& [key, values] : cheap) {
    TaskAgreement agreement = agreement_of(key, values, full[key.strategy]);
    if (agreement.pairs > 0) agreements.push_back(std::move(agreement));
  }
  return agreements;
}

}  // namespace frugal::report
