#include "cli/short_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/signals.h"
#include "report/numbers.h"

namespace frugal::cli {

BudgetShare::BudgetShare(double budget_seconds, std::size_t sharing, const Clock& clock)
    : seconds_(budget_seconds / static_cast<double>(std::max<std::size_t>(sharing, 1))),
      began_at_(clock.now_seconds()),
      sharing_(sharing),
      clock_(clock) {}

// Rounded up: it must do.
std::string BudgetShare::budget_for(double seconds) const {
  const double all = seconds * static_cast<double>(std::max<std::size_t>(sharing_, 1));
  if (all <= 120) return fmt::format("{:.0f}s", std::ceil(all));
  return fmt::format("{:.0f}m", std::ceil(all / 60));
}

ShortRuns::ShortRuns(const explain::ShortRunPlan& plan, const BudgetShare& budget,
                     std::size_t variants, std::size_t besides)
    : plan_(plan), budget_(budget), variants_(variants), besides_(besides) {}

double ShortRuns::pace() const {
  const bool has_others = begun_ > 1;
  const double spent = budget_.spent_seconds() - (has_others ? first_ended_ : 0);
  const double forecast = has_others ? static_cast<double>(begun_ - 1) * plan_.run_seconds
                                     : plan_.shared_seconds + plan_.run_seconds;
  return std::max(1.0, spent / std::max(forecast, 1e-9));
}

bool ShortRuns::holds(std::size_t runs) const {
  const double factor = done_ > 1 ? pace() : 1;
  return factor * (static_cast<double>(runs) * plan_.run_seconds + plan_.judging_seconds) <=
         budget_.left_seconds();
}

void ShortRuns::fail(const std::string& what_happened) const {
  const double forecast = plan_.shared_seconds + plan_.judging_seconds +
                          static_cast<double>(least_runs()) * plan_.run_seconds;
  throw InputError(fmt::format(
      "{}: this question has {}, and runs took {:.1f} times as long as forecast; at that pace "
      "--budget {} would do{}",
      what_happened, report::duration_text(budget_.seconds()), pace(),
      budget_.budget_for(pace() * forecast),
      done_ > 0 ? "; what was trained is kept, and the same command goes on from there" : ""));
}

void ShortRuns::run_one(const std::function<void()>& run) {
  ++begun_;
  try {
    run();
  } catch (const Stopped&) {
    if (stop_signal() != 0 || !budget_.is_spent() || seeds_ >= explain::kLeastSeeds) throw;
    fail(fmt::format("the budget was spent in short run {} of {}, which was cut", begun_,
                     least_runs()));
  }
  if (++done_ == 1) first_ended_ = budget_.spent_seconds();
  if (done_ < least_runs() && !holds(least_runs() - done_))
    fail(fmt::format("after {} of {} short runs the rest does not fit into the budget", done_,
                     least_runs()));
}

void ShortRuns::run_besides(const std::function<void()>& run) {
  run_one(run);
}

std::size_t ShortRuns::run_seeds(
    const std::function<void(std::size_t variant, std::size_t seed)>& run) {
  for (; seeds_ < plan_.seeds; ++seeds_) {
    if (seeds_ >= explain::kLeastSeeds && !holds(variants_)) break;
    try {
      for (std::size_t variant = 0; variant < variants_; ++variant)
        run_one([&] { run(variant, seeds_); });
    } catch (const Stopped&) {
      if (stop_signal() != 0 || !budget_.is_spent()) throw;
      cut_ = true;
      break;
    }
    last_pace_ = pace();
  }
  return seeds_;
}

std::string ShortRuns::note() const {
  std::string note;
  if (seeds_ < plan_.seeds)
    note =
        fmt::format("{} of the {} planned seeds: {}.", seeds_, plan_.seeds,
                    cut_ ? "the next was cut when the budget was spent"
                         : fmt::format("runs took {:.1f} times as long as forecast", last_pace_));
  if (budget_.is_spent())
    note += fmt::format("{}It took {} in all, of {} that it had.", note.empty() ? "" : " ",
                        report::duration_text(budget_.spent_seconds()),
                        report::duration_text(budget_.seconds()));
  return note;
}

std::string text_of(const augment::Policy& policy) {
  return policy.uses.empty() ? "none" : augment::to_json(policy).dump();
}

std::string plan_note(const explain::ShortRunPlan& plan, const train::Recipe& recipe,
                      std::size_t seeds) {
  const train::Recipe& given = plan.recipe;
  if (given.strategy == train::Strategy::kFeatures)
    return fmt::format("Heads on frozen features, {}, judged on the validation part.",
                       report::plural(seeds, "seed"));
  return fmt::format(
      "Short runs: {:.2g} epochs at {} × {} pixels where the run’s model had {:.2g} at {} × {}, "
      "{}. "
      "Longer runs may rank differently.",
      given.epochs, given.height, given.width, recipe.epochs, recipe.height, recipe.width,
      report::plural(seeds, "seed"));
}

std::string too_little(const explain::ShortRunPlan& plan, const BudgetShare& budget,
                       std::size_t runs) {
  return fmt::format(
      "{} short runs of two seeds take about {}, and this question has {} of the budget; give "
      "--budget {}{}",
      2 * runs, report::duration_text(plan.needed_seconds), report::duration_text(budget.seconds()),
      budget.budget_for(plan.needed_seconds),
      budget.is_shared() ? ", or --only for fewer questions" : "");
}

}  // namespace frugal::cli
