// Histories of known functions, for tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "optimizer/suggest.h"

namespace frugal::optimizer {

inline Parameter number_parameter(const std::string& name, double min = 0, double max = 1) {
  Parameter parameter;
  parameter.name = name, parameter.min = min, parameter.max = max;
  return parameter;
}

inline Parameter category_parameter(const std::string& name, std::vector<std::string> categories) {
  Parameter parameter;
  parameter.name = name, parameter.type = ParameterType::kCategorical;
  parameter.categories = std::move(categories);
  return parameter;
}

inline double number_at(const Assignments& assignments, const std::string& name) {
  return std::get<double>(assignments.at(name));
}

// n observations at random points, of random tasks. f(assignments, task's index).
inline History history_of(const Problem& problem, std::size_t n,
                          const std::function<double(const Assignments&, std::size_t)>& f,
                          std::uint64_t seed = 1) {
  RandomStream random(seed);
  History history;
  for (std::size_t i = 0; i < n; ++i) {
    Observation observation;
    observation.assignments = problem.space.sample(random);
    observation.task = random.below(problem.tasks.size());
    observation.value = f(observation.assignments, observation.task);
    history.observations.push_back(std::move(observation));
  }
  return history;
}

}  // namespace frugal::optimizer
