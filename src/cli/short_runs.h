// What the questions that train share: the seeds of their short runs, and their words.
#pragma once

#include <cstdint>
#include <string>

#include "vision/augment/policy.h"
#include "vision/explain/retraining.h"

namespace frugal::cli {

inline constexpr std::uint64_t kFirstSeed = 1000;  // of short runs

std::string text_of(const augment::Policy& policy);  // as a recipe has it

// How short they were. recipe: of the run's model.
std::string plan_note(const explain::ShortRunPlan& plan, const train::Recipe& recipe);

// Why none fitted; runs: of each seed, budget: seconds.
std::string too_little(const explain::ShortRunPlan& plan, double budget, std::size_t runs);

}  // namespace frugal::cli
