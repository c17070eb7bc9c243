// Suggesters without a model: what a better one has to beat.
#pragma once

#include <cstdint>
#include <memory>

#include "optimizer/suggest.h"

namespace frugal::optimizer {

// Independent draws on the full task.
std::unique_ptr<Suggester> make_random(Problem problem);
// Scrambled Sobol points on the full task.
std::unique_ptr<Suggester> make_sobol(Problem problem, std::uint64_t seed);
// Asynchronous successive halving (Li et al. 2020, alg. 2) over the tasks, from random draws:
// the best third of each task goes on to the next dearer one.
std::unique_ptr<Suggester> make_successive_halving(Problem problem);
// Sobol points on the cheapest task (every point of a small space) for half of the budget, then
// the best of them on the full task, one after the other.
std::unique_ptr<Suggester> make_top_k(Problem problem, std::uint64_t seed);

}  // namespace frugal::optimizer
