// Synthetic problems over three tasks: small 0.1, medium 0.5, full 1.0. Each is maximized; its
// cheap tasks are biased, noisy and differ in where their optimum lies.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "optimizer/suggest.h"

namespace frugal::bench {

struct TestProblem {
  std::string name;
  optimizer::Problem problem;
  // The noise-free value at fidelity 0 (small), 1 (medium), 2 (full); nullopt: the trial fails.
  std::function<std::optional<double>(const optimizer::Assignments&, std::size_t)> value;
  double noise = 0;  // standard deviation on the full task; larger on the cheaper ones

  // Measured by search, once: see calibrate().
  double optimum = 0, median = 0;
  double regret(double of_full) const { return (optimum - of_full) / (optimum - median); }
};

// named: from the literature and surrogates of training. drawn: random ones. held-out: of both
// kinds, and not looked at while the suggester was developed.
std::vector<std::string> problem_sets();
std::vector<std::string> problem_names(const std::string& set);

// The problem, calibrated: optimum by random search and local refinement of the noise-free full
// task, median of random assignments that do not fail.
TestProblem make_problem(const std::string& name);

}  // namespace frugal::bench
