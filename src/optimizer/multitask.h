// The suggester that spends least: multitask Bayesian optimization.
//
// Starts with a few scrambled Sobol points on the cheapest task and the best of them on the full
// one; then asks the trial with the largest information about the full task's maximum per cost
// (acquire.h) of the process (belief.h). Each suggestion takes the next member of the ensemble of
// hyperparameters. At least a quarter of what is spent and pending goes to the full task. Once the
// maximum is settled, every second suggestion is a Sobol point on the cheapest task.
#pragma once

#include <cstdint>
#include <memory>

#include "optimizer/belief.h"
#include "optimizer/suggest.h"

namespace frugal::optimizer {

enum class TaskChoice {
  kInformation,  // per cost, with the guard for the full task
  kSoftmax,      // SigOpt's rule: drawn with probability ∝ exp(−cost), the point by information
};

struct MultitaskOptions {
  TaskChoice task_choice = TaskChoice::kInformation;
  double full_share = .25;  // of the cost: at least that much goes to the full task
  BeliefOptions belief;
};

std::unique_ptr<Suggester> make_multitask(Problem problem, std::uint64_t seed,
                                          MultitaskOptions options = {});

}  // namespace frugal::optimizer
