#include "cli/arm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/train/search_space.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

constexpr double kEnoughRuns = 100;  // full-task costs: more search does not pay
constexpr double kCaution = 1.08;    // runs take this much longer now and then
constexpr double kStartSeconds = 2;  // of a worker, until it trains

bool is_over(const Trial& trial) {
  return trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
}

Json task_changes(const Plan& plan) {
  Json changes = Json::object();
  for (const PlannedTask& task : plan.tasks) changes[task.name] = task.changes;
  return changes;
}

experiment::Experiment describe(const ArmOptions& options) {
  experiment::Experiment experiment{
      .space =
          optimizer::space_from_json(train::search_space(options.plan.recipe), "the search space")};
  experiment.name = to_string(options.strategy);
  experiment.metric = "validation_accuracy";
  experiment.tasks.clear();
  for (const PlannedTask& task : options.plan.tasks)
    experiment.tasks.push_back({task.name, task.cost});
  experiment.suggester = options.suggester;
  experiment.seed = options.seed;
  const worker::TrainingSetup setup{options.folder, options.weights, to_json(options.plan.recipe),
                                    task_changes(options.plan)};
  experiment.metadata = {
      {"training", to_json(setup)}, {"plan", to_json(options.plan)}, {"classes", options.classes}};
  return experiment;
}

// The plan's recipe, as far as it is tuned.
optimizer::Assignments untuned_assignments(const experiment::Experiment& experiment,
                                           const train::Recipe& recipe) {
  Json all = to_json(recipe);
  for (const auto& open : augment::open_parameters(augment::policy_named(recipe.augment)))
    all[open.name] = open.value;
  Json chosen = Json::object();
  for (const auto& conditional : experiment.space.conditionals())
    chosen[conditional.name] = all.at(conditional.name);
  const auto holds = [&](const auto& condition) {
    const auto& [name, values] = condition;
    const std::string value = chosen.at(name);
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  for (const auto& parameter : experiment.space.parameters()) {
    if (!std::all_of(parameter.conditions.begin(), parameter.conditions.end(), holds)) continue;
    const Json& value = all.at(parameter.name);
    chosen[parameter.name] =
        parameter.type == optimizer::ParameterType::kCategorical && !value.is_string()
            ? Json(value.dump())
            : value;
  }
  return optimizer::assignments_from_json(chosen, experiment.space, "the untuned recipe");
}

// Set once the search is over.
std::string closed_key(const experiment::Experiment& experiment) {
  return fmt::format("search_closed.{}", experiment.id);
}

// The arm's experiment in the store, made when it is not there.
experiment::Experiment open_experiment(const ArmOptions& options,
                                       experiment::Scheduler& scheduler) {
  for (auto& known : scheduler.experiments())
    if (known.name == to_string(options.strategy)) return known;
  return scheduler.create(describe(options));
}

}  // namespace

Arm::Arm(ArmOptions options, experiment::Scheduler& scheduler, const Meter& meter)
    : options_(std::move(options)),
      scheduler_(scheduler),
      meter_(meter),
      experiment_(open_experiment(options_, scheduler)) {
  const auto all = trials();
  const auto untuned = untuned_assignments(experiment_, options_.plan.recipe);
  if (all.empty() && options_.plan.search) queue_seeds(untuned, "untuned", 1);
  if (all.empty() && !options_.plan.search) queue_only_run(untuned);
  if (scheduler_.value(closed_key(experiment_))) phase_ = Phase::kWaiting;
  for (const Trial& trial : all)
    if (role(trial) == "winner") winner_ = trial.suggestion.assignments;
  if (winner_) phase_ = Phase::kReruns;
  refused_ = phase_ != Phase::kSearch || !options_.plan.search;
  remember();
}

std::string Arm::role(const Trial& trial) {
  return trial.metadata.value("role", "search");
}

void Arm::queue_seeds(const optimizer::Assignments& assignments, const std::string& role,
                      unsigned count, const Json& more) {
  const auto known = trials();
  unsigned queued = 0;
  for (unsigned i = 1; i <= options_.seeds && queued < count; ++i) {
    const std::uint64_t seed = options_.seed + i;
    const bool there = std::any_of(known.begin(), known.end(), [&](const Trial& trial) {
      return Arm::role(trial) == role && trial.metadata.value("seed", std::uint64_t{0}) == seed;
    });
    if (there) continue;
    Json metadata = {{"role", role}, {"seed", seed}, {"keep_model", true}};
    metadata.update(more);
    scheduler_.queue(experiment_.id, {assignments, experiment::full_task(experiment_)}, metadata);
    ++queued;
  }
}

// It has all the time there is, and becomes as long as that allows.
void Arm::queue_only_run(const optimizer::Assignments& assignments) {
  Json allowed = Json::object();
  if (options_.end_seconds && options_.strategy == train::Strategy::kFineTune)
    allowed["seconds"] = *options_.end_seconds - meter_.spent_seconds() - kStartSeconds;
  queue_seeds(assignments, "untuned", 1, allowed);
}

void Arm::run_longer(const Json& changes, double seconds) {
  const auto known = trials();
  if (std::none_of(known.begin(), known.end(),
                   [](const Trial& trial) { return role(trial) == "longer"; }))
    scheduler_.queue(experiment_.id, {winner_.value(), experiment::full_task(experiment_)},
                     {{"role", "longer"},
                      {"seed", options_.seed},
                      {"keep_model", true},
                      {"changes", changes},
                      {"seconds", seconds - kStartSeconds}});
  options_.end_seconds.reset();  // its length was chosen to fit
  phase_ = Phase::kReruns;
}

bool Arm::wants_all_cores() const {
  if (!options_.plan.search) return true;
  const auto known = trials();
  return std::any_of(known.begin(), known.end(),
                     [](const Trial& trial) { return role(trial) == "longer" && !is_over(trial); });
}

double Arm::full_run_seconds() const {
  double seconds = 0, cost = 0;
  for (const auto& trial : trials()) {
    if (trial.state != TrialState::kDone || role(trial) == "longer") continue;
    const double task_cost = experiment_.tasks[trial.suggestion.task].cost;
    if (task_cost < 0.5) continue;  // short runs are mostly overhead
    seconds += trial.cost.wall_seconds;
    cost += task_cost;
  }
  return cost > 0 ? seconds / cost : options_.plan.full_run_seconds;
}

// Brings what admits() reads up to date.
void Arm::remember() {
  const double run_seconds = full_run_seconds();
  double cost = 0;
  for (const auto& trial : trials()) cost += experiment_.tasks[trial.suggestion.task].cost;
  const std::lock_guard lock(mutex_);
  run_seconds_ = run_seconds;
  cost_spent_ = cost;
}

// On the meter: the re-runs begin here at the latest.
double Arm::search_deadline() const {
  if (!options_.end_seconds) return std::numeric_limits<double>::infinity();
  const double rounds = std::ceil((2.0 * options_.seeds - 1) / options_.workers);
  return *options_.end_seconds - rounds * run_seconds_ * kCaution;
}

bool Arm::admits(const optimizer::Task& task) {
  const std::lock_guard lock(mutex_);
  if (refused_) return false;
  const double reruns = 2.0 * options_.seeds - 1;
  const double allowed = options_.runs ? *options_.runs - reruns : kEnoughRuns;
  const double ends_at = meter_.spent_seconds() + task.cost * run_seconds_ * kCaution;
  refused_ = cost_spent_ + task.cost > allowed || ends_at > search_deadline();
  if (!refused_) cost_spent_ += task.cost;
  return !refused_;
}

void Arm::close_search() {
  const auto untuned = untuned_assignments(experiment_, options_.plan.recipe);
  queue_seeds(untuned, "untuned", options_.seeds);
  scheduler_.set_value(closed_key(experiment_), fmt::format("{:.3f}", meter_.spent_seconds()));
  phase_ = Phase::kWaiting;
}

bool Arm::winner_is_untuned() const {
  return winner_ && experiment_.space.canonical_key(*winner_) ==
                        experiment_.space.canonical_key(
                            untuned_assignments(experiment_, options_.plan.recipe));
}

// When runs took longer than planned, fewer seeds are run again; the winner at least once.
void Arm::withdraw_what_does_not_fit(const std::vector<Trial>& trials) {
  if (!options_.end_seconds || meter_.spent_seconds() + run_seconds_ < *options_.end_seconds)
    return;
  const bool winner_began =
      winner_is_untuned() || std::any_of(trials.begin(), trials.end(), [](const Trial& trial) {
        return role(trial) == "winner" && trial.state != TrialState::kOpen;
      });
  scheduler_.withdraw(
      experiment_.id, [&](const Trial& trial) { return winner_began || role(trial) != "winner"; },
      "the budget was over");
}

void Arm::advance() {
  remember();
  if (phase_ == Phase::kSearch) {
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = refused_ || meter_.spent_seconds() > search_deadline() ||
             scheduler_.experiment(experiment_.id).search == experiment::Search::kEnding;
      refused_ = over;
    }
    if (over) close_search();
  }
  const auto all = trials();
  if (phase_ == Phase::kWaiting) {
    const bool searching = std::any_of(all.begin(), all.end(), [](const Trial& trial) {
      return !is_over(trial) && role(trial) == "search" && trial.state != TrialState::kOpen;
    });
    if (searching) return;
    winner_ = scheduler_.recommend(experiment_.id);
    // The time may be over before the first run is.
    if (!winner_ && !std::all_of(all.begin(), all.end(), is_over)) return;
    if (!winner_) {
      std::string reason = "no trial ended";
      for (const auto& trial : all)
        if (trial.state == TrialState::kFailed) reason = trial.reason;
      throw InputError(fmt::format("{}: every trial failed, the last one because: {}",
                                   experiment_.name, reason));
    }
    if (!winner_is_untuned()) queue_seeds(*winner_, "winner", options_.seeds);
    phase_ = Phase::kReruns;
  } else if (phase_ == Phase::kReruns) {
    withdraw_what_does_not_fit(all);
    if (std::all_of(all.begin(), all.end(),
                    [](const Trial& trial) { return is_over(trial) || role(trial) == "search"; }))
      phase_ = Phase::kDone;
  }
}

}  // namespace frugal::cli
