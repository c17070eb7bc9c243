// The short runs of a question: what its share of the budget lets begin, and their words. A budget
// is a budget: what a forecast promised too much ends the question, and the answer says so.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "vision/augment/policy.h"
#include "vision/explain/retraining.h"

namespace frugal::cli {

inline constexpr std::uint64_t kFirstSeed = 1000;  // of short runs

// Of one question, from now on.
class BudgetShare {
 public:
  // sharing: how many questions share the budget evenly.
  BudgetShare(double budget_seconds, std::size_t sharing, const Clock& clock);
  double seconds() const { return seconds_; }
  double spent_seconds() const { return clock_.now_seconds() - began_at_; }
  double left_seconds() const { return seconds_ - spent_seconds(); }
  bool is_spent() const { return left_seconds() <= 0; }
  // The budget of all questions that gives this one so many seconds, as --budget takes it.
  std::string budget_for(double seconds) const;
  // Whether others have a share of it.
  bool is_shared() const { return sharing_ > 1; }

 private:
  const double seconds_, began_at_;
  const std::size_t sharing_;
  const Clock& clock_;
};

class ShortRuns {
 public:
  // variants: runs of each seed; besides: runs that come before them. Both outlive it.
  ShortRuns(const explain::ShortRunPlan& plan, const BudgetShare& budget, std::size_t variants,
            std::size_t besides = 0);

  // Each of these may throw what its run throws, and InputError, which says what would do, once the
  // least, two seeds of each variant, cannot be expected within the budget any more. A run that was
  // stopped because the budget is spent throws Stopped, as one that the user stopped.
  void run_besides(const std::function<void()>& run);
  // Seed after seed all variants, so that these have got equally far. Returns the seeds that were
  // run to their end: those of the plan, or fewer where they took longer than forecast.
  std::size_t run_seeds(const std::function<void(std::size_t variant, std::size_t seed)>& run);

  // What there is to say of how the budget was kept; "": nothing.
  std::string note() const;

 private:
  std::size_t least_runs() const { return besides_ + explain::kLeastSeeds * variants_; }
  // How much longer than forecast runs took, with the one that is at work; 1 when they did not. The
  // first, which sets up what all share, does not tell once there are others.
  double pace() const;
  bool holds(std::size_t runs) const;
  void run_one(const std::function<void()>& run);
  [[noreturn]] void fail(const std::string& what_happened) const;

  const explain::ShortRunPlan& plan_;
  const BudgetShare& budget_;
  const std::size_t variants_, besides_;
  std::size_t begun_ = 0, done_ = 0;
  double first_ended_ = 0;  // seconds of the budget that were spent then
  std::size_t seeds_ = 0;
  double last_pace_ = 1;  // when the last seed ended
  bool cut_ = false;      // a seed beyond the least
};

std::string text_of(const augment::Policy& policy);  // as a recipe has it

// How short they were. recipe: of the run's model; seeds: that were run.
std::string plan_note(const explain::ShortRunPlan& plan, const train::Recipe& recipe,
                      std::size_t seeds);

// Why none fitted, and what would do. runs: of each seed.
std::string too_little(const explain::ShortRunPlan& plan, const BudgetShare& budget,
                       std::size_t runs);

}  // namespace frugal::cli
