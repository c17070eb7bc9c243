#include "cli/tuning.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "cli/signals.h"
#include "cli/tune_view.h"
#include "experiment/progress.h"
#include "vision/augment/policy.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr const char* kMeasuring = "measuring the machine";

std::vector<train::Strategy> strategies_of(const std::string& name) {
  if (name == "auto") return {train::Strategy::kFeatures, train::Strategy::kFineTune};
  return {train::strategy_named(name)};
}

}  // namespace

Json identity(const TuneOptions& options) {
  return {{"command", "tune"},
          {"data", options.data.data},
          {"reader", options.data.reader},
          {"weights", options.weights},
          {"network", options.network},
          {"strategy", options.strategy},
          {"budget", options.budget},
          {"recipe", options.recipe},
          {"augment", options.augment},
          {"suggester", options.suggester},
          {"resolution", options.resolution},
          {"epochs", options.epochs},
          {"task-by", options.task_by},
          {"refit", options.refit},
          {"seeds", options.seeds},
          {"seed", options.seed},
          {"validation-share", share_json(options.shares.validation)},
          {"test-share", share_json(options.shares.test)},
          {"price-per-hour", price_of(options.price).per_hour}};
}

Tuning::Tuning(const TuneOptions& options, Console& console)
    : options_(options),
      console_(console),
      folder_(std::filesystem::absolute(options.output).lexically_normal().string()),
      given_split_(split_of(options.machine, options.launch, core_count())),
      launching_(options.launch, given_split_ ? given_split_->threads : 1),
      network_(train::network_of(options.weights)),
      budget_(experiment::parse_budget(options.budget)),
      price_(price_of(options.price)),
      allowed_seconds_(experiment::seconds_allowed(budget_, price_.per_hour)),
      strategies_(strategies_of(options.strategy)) {
  augment::policy_named(options.augment);  // a mistake in it is told before anything is made
  if (!options.network.empty() && options.network != network_)
    throw InputError(
        fmt::format("{} holds a {}, not a {}; leave --network out, or give other weights",
                    options.weights, network_, options.network));
}

// When that arm must be over, on the meter; nullopt: no clock in the budget.
std::optional<double> Tuning::end_of(std::size_t arm) const {
  if (!allowed_seconds_) return std::nullopt;
  const bool last = arm + 1 == strategies_.size();
  return last ? *allowed_seconds_ - closing_seconds_ - last_run_seconds_ - kEndingSeconds
              : *allowed_seconds_ *
                    budget_share(strategies_[arm], strategies_.size(), *allowed_seconds_);
}

// For workers that do not see the run's folder.
void Tuning::lend() {
  serve::Depot& depot = coordinator_->depot();
  depot.offer("dataset.json", folder_.dataset());
  depot.offer("split.json", folder_.split());
  if (!options_.weights.empty()) depot.offer("weights", options_.weights);
  for (const auto& photograph : data_.dataset.photographs)
    depot.offer_content(photograph.content_hash, photograph.path);
}

// Those that live, when they are not so many of so many threads, make way. A cluster's come and go
// with the work.
void Tuning::run_workers(const Split& split) {
  if (coordinator_->has_workers() && (running_ == split || launching_.on_cluster())) return;
  if (coordinator_->has_workers()) coordinator_->stop_workers();
  coordinator_->scheduler().set_admission(
      [this](const experiment::Experiment& experiment, const optimizer::Task& task) {
        Arm* arm = current_arm_;
        if (arm == nullptr || arm->id() < experiment.id)
          return true;  // its own arm is about to begin
        return arm->id() == experiment.id && arm->admits(task);
      });
  coordinator_->start_workers(launching_, split.workers,
                              {"--threads", std::to_string(split.threads)}, price_.per_hour,
                              [this](const std::string& text) { console_.message(text); });
  if (!running_) console_.line(coordinator_->dashboard());
  running_ = split;
}

void Tuning::prepare(const train::Recipe& recipe, const train::TrainingPhotographs& training) {
  const train::Environment environment{std::filesystem::absolute(options_.weights), folder_.cache(),
                                       whole_machine().threads};
  train::prepare(recipe, data_.dataset, environment, console_);
  train::prepare_views(recipe, training, environment, console_);
}

void Tuning::tune_arm(train::Strategy strategy, std::size_t index) {
  const double begin = coordinator_->meter().spent_seconds();
  const auto end = end_of(index);
  const double budget_seconds = end ? *end - begin : std::numeric_limits<double>::infinity();
  ArmOptions options;
  options.strategy = strategy;
  {
    const Ledger::Stage stage(coordinator_->ledger(), kMeasuring);
    options.plan = remembered_plan(strategy, budget_seconds);
  }
  options.folder = folder_.path();
  options.weights = std::filesystem::absolute(options_.weights);
  options.classes = data_.dataset.classes;
  options.suggester = options_.suggester;
  options.seed = options_.seed;
  options.seeds = options.plan.seeds;
  options.workers = options.plan.search ? workers_ : 1;
  // The kept one twice: for the report's pictures.
  const double models = options.plan.search ? 2.0 * options.seeds + 1 : 2;
  closing_seconds_ +=
      models * static_cast<double>(data_.split.test.size()) / options.plan.judged_per_second;
  last_run_seconds_ = std::max(last_run_seconds_, last_run_seconds(options.plan, budget_seconds));
  options.end_seconds = end_of(index);
  if (budget_.runs) options.runs = *budget_.runs / static_cast<double>(strategies_.size());

  {
    const Ledger::Stage stage(coordinator_->ledger(), "decoding and features");
    const train::TrainingPhotographs training(data_.dataset, data_.split);
    for (const PlannedTask& task : options.plan.tasks)
      prepare(train::recipe_from_json(task.changes, options.plan.recipe, task.name), training);
  }
  // Before there is a trial that workers of the split before would take.
  if (!options.plan.search && !launching_.on_cluster()) run_workers(whole_machine());
  arms_.push_back(std::make_unique<Arm>(options, coordinator_->scheduler(), coordinator_->meter()));
  current_arm_ = arms_.back().get();
  const bool alone = arms_.back()->wants_all_cores() && !launching_.on_cluster();
  run_workers(alone ? whole_machine() : Split{workers_, threads_});
  work_on(*arms_.back());
}

// Until the arm is done: watches, shows, notes down.
void Tuning::work_on(Arm& arm) {
  TuneView view(console_, options_.output);
  const TuneClock clock{0, allowed_seconds_, options_.budget};
  while (arm.phase() != Phase::kDone) {
    throw_if_stopped();
    coordinator_->watch();
    arm.advance();
    const auto trials = coordinator_->scheduler().trials(arm.id());
    TuneClock now = clock;
    now.spent_seconds = coordinator_->meter().spent_seconds();
    view.show(arm, trials, values_of(trials, coordinator_->scheduler().observations(arm.id())),
              now);
    write_report(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  console_.clear_status();
}

void Tuning::tune_all() {
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    const bool may_be_left_out = i + 1 < strategies_.size();
    const std::size_t arms_before = arms_.size();
    try {
      tune_arm(strategies_[i], i);
    } catch (const InputError& error) {
      if (!may_be_left_out || arms_.size() > arms_before) throw;
      console_.message(fmt::format("{} is left out: {}", to_string(strategies_[i]), error.what()));
    }
  }
}

int Tuning::run() {
  if (options_.dry_run) return dry_run();
  folder_.open(identity(options_), {});
  coordinator_ = std::make_unique<Coordinator>(folder_);
  coordinator_->scheduler().stop_hopeless(options_.stop_risk);
  if (is_finished()) return print_finished();
  {
    const Ledger::Stage stage(coordinator_->ledger(), "checking and splitting photographs");
    data_ = folder_.prepare_data(options_.data,
                                 {options_.shares.validation, options_.shares.test, options_.seed},
                                 core_count(), console_);
  }
  lend();
  try {
    {
      const Ledger::Stage stage(coordinator_->ledger(), kMeasuring);
      share_out_the_cores(data_);
    }
    tune_all();
    run_fine_tuning_longer();
    return finish();
  } catch (const Stopped&) {
    console_.line("stopping: the workers write their checkpoints");
    coordinator_->stop();
    if (kept_trial_) console_.line(fmt::format("best model so far  {}", folder_.model().string()));
    throw;
  }
}

}  // namespace frugal::cli
