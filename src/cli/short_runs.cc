#include "cli/short_runs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/numbers.h"

namespace frugal::cli {

std::string text_of(const augment::Policy& policy) {
  return policy.uses.empty() ? "none" : augment::to_json(policy).dump();
}

std::string plan_note(const explain::ShortRunPlan& plan, const train::Recipe& recipe) {
  const train::Recipe& given = plan.recipe;
  if (given.strategy == train::Strategy::kFeatures)
    return fmt::format("Heads on frozen features, {}, judged on the validation part.",
                       report::plural(plan.seeds, "seed"));
  return fmt::format(
      "Short runs: {:.2g} epochs at {} × {} pixels where the run’s model had {:.2g} at {} × {}, "
      "{}. "
      "Longer runs may rank differently.",
      given.epochs, given.height, given.width, recipe.epochs, recipe.height, recipe.width,
      report::plural(plan.seeds, "seed"));
}

std::string too_little(const explain::ShortRunPlan& plan, double budget, std::size_t runs) {
  return fmt::format(
      "{} short runs of two seeds take about {}, and this question has {} of the budget; give a "
      "larger --budget, or --only for fewer questions",
      2 * runs, report::duration_text(plan.needed_seconds), report::duration_text(budget));
}

}  // namespace frugal::cli
