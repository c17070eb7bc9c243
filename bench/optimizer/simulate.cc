#include "optimizer/simulate.h"

#include <algorithm>
#include <ctime>

namespace frugal::bench {
namespace {

using optimizer::History;
using optimizer::Observation;
using optimizer::Suggestion;

constexpr double kNoiseFactor[] = {2, 1.3, 1};

struct Trial {
  double end = 0;
  Suggestion suggestion;
};

double processor_seconds() {
  return double(std::clock()) / CLOCKS_PER_SEC;
}

double regret_now(const TestProblem& problem, optimizer::Suggester& suggester,
                  const History& history) {
  const auto best = suggester.recommend(history);
  const auto value = best ? problem.value(*best, 2) : std::nullopt;
  return value ? problem.regret(*value) : 1;
}

}  // namespace

Simulation simulate(const TestProblem& problem, optimizer::Suggester& suggester,
                    const std::vector<double>& costs, std::size_t workers, std::uint64_t seed) {
  Simulation result;
  const RandomStream stream = RandomStream(seed).derive(problem.name);
  RandomStream noise = stream.derive("noise");
  History history;
  std::vector<Trial> running;
  double now = 0, spent = 0;
  while (result.checkpoints.size() < costs.size()) {
    while (running.size() < workers) {
      RandomStream random = stream.derive("suggest").derive(result.suggestions++);
      const double before = processor_seconds();
      const auto suggested = suggester.suggest(history, 1, random);
      result.suggest_seconds += processor_seconds() - before;
      if (suggested.empty()) break;
      history.open.push_back(suggested[0]);
      running.push_back({now + problem.problem.tasks[suggested[0].task].cost, suggested[0]});
    }
    if (running.empty()) break;
    const auto first =
        std::min_element(running.begin(), running.end(),
                         [](const Trial& a, const Trial& b) { return a.end < b.end; });
    const Trial trial = *first;
    running.erase(first);
    history.open.erase(std::find(history.open.begin(), history.open.end(), trial.suggestion));
    now = trial.end;
    const double cost = problem.problem.tasks[trial.suggestion.task].cost;
    while (result.checkpoints.size() < costs.size() &&
           spent + cost > costs[result.checkpoints.size()] + 1e-9)
      result.checkpoints.push_back({spent, regret_now(problem, suggester, history)});
    spent += cost;
    Observation observation{trial.suggestion.assignments, trial.suggestion.task, {}, {}, {}};
    observation.value = problem.value(trial.suggestion.assignments, trial.suggestion.task);
    const double drawn = noise.normal();
    if (observation.value)
      *observation.value += problem.noise * (problem.optimum - problem.median) *
                            kNoiseFactor[trial.suggestion.task] * drawn;
    history.observations.push_back(observation);
    ++result.trials;
  }
  while (result.checkpoints.size() < costs.size())  // a finite space was exhausted
    result.checkpoints.push_back({spent, regret_now(problem, suggester, history)});
  return result;
}

}  // namespace frugal::bench
