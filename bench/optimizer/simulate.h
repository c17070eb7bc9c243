// Asynchronous workers on a test problem, in simulated time: a trial takes as long as it costs.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer/problems.h"

namespace frugal::bench {

struct Checkpoint {
  double spent = 0;   // full-task costs of finished trials
  double regret = 0;  // normalized, of the recommended assignments; 1 before there is one
};

struct Simulation {
  std::vector<Checkpoint> checkpoints;  // one for each of the costs asked for
  std::size_t trials = 0, suggestions = 0;
  double suggest_seconds = 0;  // processor's, of all suggestions and fits
};

// costs: ascending. Runs until the last is spent.
Simulation simulate(const TestProblem& problem, optimizer::Suggester& suggester,
                    const std::vector<double>& costs, std::size_t workers, std::uint64_t seed);

}  // namespace frugal::bench
