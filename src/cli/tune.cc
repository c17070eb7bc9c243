#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "cli/arm.h"
#include "cli/commands.h"
#include "cli/run_folder.h"
#include "cli/signals.h"
#include "cli/tune_answer.h"
#include "cli/tune_view.h"
#include "experiment/budget.h"
#include "launch/launcher.h"
#include "report/format.h"
#include "report/html.h"
#include "report/summary.h"
#include "serve/server.h"
#include "vision/train/train.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

constexpr double kCalibrationSeconds = 3;  // of each measurement
constexpr double kFeaturesShare = 0.2;     // of the budget, when both strategies are tuned
constexpr double kClosingSeconds = 6;      // the report, stopping the workers
constexpr double kReportEverySeconds = 20;
constexpr double kGraceSeconds = 20;         // for workers to write their checkpoints
constexpr std::size_t kCheckpointsKept = 8;  // of trials that may yet be promoted

std::vector<train::Strategy> strategies_of(const std::string& name) {
  if (name == "auto") return {train::Strategy::kFeatures, train::Strategy::kFineTune};
  return {train::strategy_named(name)};
}

// What must not change when a run goes on.
Json identity(const TuneOptions& options) {
  return {{"command", "tune"},
          {"data", options.data.data},
          {"reader", options.data.reader},
          {"weights", options.weights},
          {"network", options.network},
          {"strategy", options.strategy},
          {"budget", options.budget},
          {"augment", options.augment},
          {"suggester", options.suggester},
          {"resolution", options.resolution},
          {"epochs", options.epochs},
          {"seeds", options.seeds},
          {"seed", options.seed},
          {"validation-share", options.validation_share},
          {"test-share", options.test_share}};
}

std::string command_line_of(const TuneOptions& options) {
  std::string line =
      fmt::format("frugal tune --data {} --weights {} --budget {} --strategy {}", options.data.data,
                  options.weights, options.budget, options.strategy);
  if (options.resolution > 0) line += fmt::format(" --resolution {}", options.resolution);
  if (options.epochs > 0) line += fmt::format(" --epochs {:g}", options.epochs);
  if (options.price_per_hour > 0)
    line += fmt::format(" --price-per-hour {:g}", options.price_per_hour);
  return line + fmt::format(" --seed {} --output {}", options.seed, options.output);
}

std::string program_path() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

std::map<experiment::Id, double> values_of(const std::vector<experiment::Observation>& observations,
                                           const std::vector<experiment::Trial>& trials) {
  std::map<experiment::Id, double> values;
  for (const auto& trial : trials)
    for (const auto& observation : observations)
      if (observation.trial == trial.id && observation.point.task == trial.suggestion.task &&
          observation.value)
        values[trial.id] = *observation.value;
  return values;
}

class Tuning {
 public:
  Tuning(const TuneOptions& options, Console& console);
  int run();

 private:
  int dry_run();
  bool is_finished() const;
  int print_finished() const;
  void open_store();
  Plan plan_for(train::Strategy strategy, const RunData& data, double budget_seconds);
  Plan remembered_plan(train::Strategy strategy, double budget_seconds);
  std::optional<double> end_of(std::size_t arm) const;
  void start_workers();
  void tune_arm(train::Strategy strategy, std::size_t index);
  void work_on(Arm& arm);
  void forget_checkpoints(const Arm& arm) const;
  void tune_all();
  void stop_workers();
  void open_test_part();
  void keep_model(const report::Answer& answer);
  void tidy_up();
  int finish();
  report::Answer answer(bool finished) const;
  void write_report(bool finished);

  const TuneOptions& options_;
  Console& console_;
  SystemClock clock_;
  RunFolder folder_;
  unsigned workers_, threads_;
  std::string network_;
  experiment::Budget budget_;
  std::optional<double> allowed_seconds_;
  std::vector<train::Strategy> strategies_;

  RunData data_;
  std::unique_ptr<experiment::Store> store_;
  std::unique_ptr<experiment::Scheduler> scheduler_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<serve::Server> server_;
  std::unique_ptr<launch::Launcher> launcher_;
  std::vector<std::unique_ptr<Arm>> arms_;
  std::atomic<Arm*> current_arm_ = nullptr;  // asked by the scheduler from its threads
  double preparation_seconds_ = 0;
  double closing_seconds_ = kClosingSeconds;
  double reported_at_ = 0;
  std::size_t reported_trials_ = 0;
  std::vector<TestJudgement> judgements_;
};

Tuning::Tuning(const TuneOptions& options, Console& console)
    : options_(options),
      console_(console),
      folder_(std::filesystem::absolute(options.output).lexically_normal().string()),
      workers_(options.machine.workers > 0 ? options.machine.workers : core_count()),
      threads_(options.machine.threads > 0 ? options.machine.threads
                                           : std::max(1u, core_count() / workers_)),
      network_(train::network_of(options.weights)),
      budget_(experiment::parse_budget(options.budget)),
      allowed_seconds_(experiment::seconds_allowed(budget_, options.price_per_hour)),
      strategies_(strategies_of(options.strategy)) {
  if (!options.network.empty() && options.network != network_)
    throw InputError(
        fmt::format("{} holds a {}, not a {}; leave --network out, or give other weights",
                    options.weights, network_, options.network));
}

bool Tuning::is_finished() const {
  return std::filesystem::exists(folder_.result()) &&
         read_config(folder_.result()).value("finished", false);
}

int Tuning::print_finished() const {
  const std::string where = folder_.result();
  const auto finished = report::answer_from_json(parse_json(read_file(where), where), where);
  console_.line(
      fmt::format("{} is finished; to spend more, give another --output", options_.output));
  console_.result(report::text_report(finished, report::summarize(finished)),
                  report::result_json(finished));
  return 0;
}

Plan Tuning::plan_for(train::Strategy strategy, const RunData& data, double budget_seconds) {
  PlanRequest request;
  request.strategy = strategy;
  request.network = network_;
  request.augment = options_.augment;
  request.training_photographs = data.split.train.size();
  request.validation_photographs = data.split.validation.size();
  request.all_photographs = data.dataset.photographs.size();
  request.aspect = data.median_aspect();
  request.short_side_pixels = data.median_short_side_pixels();
  request.workers = workers_;
  request.budget_seconds = budget_seconds;
  request.resolution = options_.resolution;
  request.epochs = options_.epochs;
  Plan plan = make_plan(request, [&](const train::Recipe& recipe) {
    throw_if_stopped();
    console_.progress(
        {fmt::format("measuring this machine at {} × {} pixels", recipe.height, recipe.width)});
    return train::measure_speed(recipe, workers_, threads_, kCalibrationSeconds);
  });
  plan.recipe.seed = options_.seed;
  return plan;
}

std::string plan_text(const Plan& plan, const std::string& budget) {
  return fmt::format(
      "{}: {} at {} × {} pixels, {:g} epochs; a full run takes {:.0f} s of one worker; {} holds {}",
      to_string(plan.recipe.strategy), plan.recipe.network, plan.recipe.height, plan.recipe.width,
      plan.recipe.epochs, plan.full_run_seconds, budget,
      std::isfinite(plan.full_runs) ? fmt::format("{:.0f} of them", plan.full_runs) : "any number");
}

int Tuning::dry_run() {
  const auto temporary =
      std::filesystem::temp_directory_path() / fmt::format("frugal-dry-run-{}", ::getpid());
  const RunFolder folder(temporary);
  folder.open(identity(options_), {});
  Json plans = Json::array();
  std::string text;
  try {
    const RunData data = folder.prepare_data(
        options_.data, {options_.validation_share, options_.test_share, options_.seed},
        core_count(), console_);
    text =
        fmt::format("{} photographs of {} classes: {} to train on, {} to validate, {} to test\n",
                    data.dataset.photographs.size(), data.dataset.classes.size(),
                    data.split.train.size(), data.split.validation.size(), data.split.test.size());
    for (const auto strategy : strategies_) {
      const double share =
          strategies_.size() > 1
              ? (strategy == train::Strategy::kFeatures ? kFeaturesShare : 1 - kFeaturesShare)
              : 1;
      const Plan plan =
          plan_for(strategy, data,
                   allowed_seconds_.value_or(std::numeric_limits<double>::infinity()) * share);
      text += plan_text(plan, share < 1 ? fmt::format("its {:.0f} % of the budget", 100 * share)
                                        : "the budget") +
              "\n";
      plans.push_back(to_json(plan));
    }
  } catch (const Error&) {
    std::filesystem::remove_all(temporary);
    throw;
  }
  std::filesystem::remove_all(temporary);
  console_.result(text, {{"plans", plans}});
  return 0;
}

void Tuning::open_store() {
  store_ = experiment::open_sqlite_store(folder_.store());
  scheduler_ = std::make_unique<experiment::Scheduler>(*store_, clock_);
  scheduler_->take_back_all();  // whoever held a lease ended with the coordinator before us
  meter_ = std::make_unique<Meter>(*scheduler_, clock_);
}

// When that arm must be over, on the meter; nullopt: no clock in the budget.
std::optional<double> Tuning::end_of(std::size_t arm) const {
  if (!allowed_seconds_) return std::nullopt;
  const bool last = arm + 1 == strategies_.size();
  return last ? *allowed_seconds_ - closing_seconds_ : *allowed_seconds_ * kFeaturesShare;
}

// A plan is made once: a run that goes on keeps its resolution and epochs.
Plan Tuning::remembered_plan(train::Strategy strategy, double budget_seconds) {
  for (const auto& known : scheduler_->experiments()) {
    if (known.name != to_string(strategy)) continue;
    const Json& json = known.metadata.at("plan");
    Plan plan;
    plan.recipe =
        train::recipe_from_json(json.at("recipe"), train::Recipe{}, "the plan in the store");
    plan.preparation_seconds = json.at("preparation_seconds");
    plan.full_run_seconds = json.at("full_run_seconds");
    plan.judged_per_second = json.at("judged_per_second");
    plan.full_runs = std::numeric_limits<double>::infinity();
    return plan;
  }
  const Plan plan = plan_for(strategy, data_, budget_seconds);
  console_.line(plan_text(plan, "the budget"));
  console_.event({{"event", "plan"}, {"plan", to_json(plan)}});
  return plan;
}

void Tuning::start_workers() {
  if (!std::filesystem::exists(folder_.token()))
    write_file(folder_.token(), serve::make_token(), 0600);
  server_ = std::make_unique<serve::Server>(
      *scheduler_, serve::ServerOptions{.token = read_file(folder_.token())});
  scheduler_->set_admission(
      [this](const experiment::Experiment& experiment, const optimizer::Task& task) {
        Arm* arm = current_arm_;
        if (arm == nullptr || arm->id() < experiment.id)
          return true;  // its own arm is about to begin
        return arm->id() == experiment.id && arm->admits(task);
      });
  launch::LocalOptions local;
  local.command = {
      program_path(),     "worker", "--coordinator", server_->address(), "--token-file",
      folder_.token(),    "--name", "{name}",        "--threads",        std::to_string(threads_),
      "--die-with-parent"};
  local.log_folder = folder_.logs();
  launcher_ = launch::make_local_launcher(local, clock_);
  launcher_->start(workers_);
}

void Tuning::tune_arm(train::Strategy strategy, std::size_t index) {
  const double begin = meter_->spent_seconds();
  const auto end = end_of(index);
  const double budget_seconds = end ? *end - begin : std::numeric_limits<double>::infinity();
  ArmOptions options;
  options.strategy = strategy;
  options.plan = remembered_plan(strategy, budget_seconds);
  options.folder = folder_.path();
  options.weights = std::filesystem::absolute(options_.weights);
  options.suggester = options_.suggester;
  options.seed = options_.seed;
  options.seeds = options_.seeds;
  options.workers = workers_;
  const double models = 2.0 * options_.seeds;
  closing_seconds_ +=
      models * static_cast<double>(data_.split.test.size()) / options.plan.judged_per_second;
  options.end_seconds = end_of(index);
  if (budget_.runs) options.runs = *budget_.runs / static_cast<double>(strategies_.size());

  const double preparation_began = clock_.now_seconds();
  train::prepare(options.plan.recipe, data_.dataset,
                 {options.weights, folder_.cache(), core_count()}, console_);
  preparation_seconds_ += clock_.now_seconds() - preparation_began;
  arms_.push_back(std::make_unique<Arm>(options, *scheduler_, *meter_));
  current_arm_ = arms_.back().get();
  if (launcher_ == nullptr) start_workers();
  work_on(*arms_.back());
}

// Until the arm is done: watches, shows, notes down.
void Tuning::work_on(Arm& arm) {
  TuneView view(console_, options_.output);
  const TuneClock clock{0, allowed_seconds_, options_.budget};
  while (arm.phase() != Phase::kDone) {
    throw_if_stopped();
    launcher_->watch();
    scheduler_->expire();
    meter_->save();
    arm.advance();
    const auto trials = scheduler_->trials(arm.id());
    TuneClock now = clock;
    now.spent_seconds = meter_->spent_seconds();
    view.show(arm, trials, values_of(scheduler_->observations(arm.id()), trials), now);
    write_report(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  console_.clear_status();
}

// Checkpoints are large: only those of running trials, and of the best ones that may yet be run
// for longer, stay.
void Tuning::forget_checkpoints(const Arm& arm) const {
  const auto trials = scheduler_->trials(arm.id());
  const auto values = values_of(scheduler_->observations(arm.id()), trials);
  std::set<std::string> kept;
  std::vector<std::pair<double, std::string>> promotable;
  for (const auto& trial : trials) {
    const std::string path =
        worker::checkpoint_path(folder_.path(), worker::recipe_of(arm.experiment(), trial));
    if (trial.state == experiment::TrialState::kRunning ||
        trial.state == experiment::TrialState::kPreempted)
      kept.insert(path);
    else if (values.contains(trial.id) && trial.suggestion.task != full_task(arm.experiment()))
      promotable.emplace_back(values.at(trial.id), path);
  }
  std::sort(promotable.rbegin(), promotable.rend());
  for (std::size_t i = 0; i < std::min(kCheckpointsKept, promotable.size()); ++i)
    kept.insert(promotable[i].second);
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.checkpoints(), gone))
    if (entry.path().extension() == ".pt" && !kept.contains(entry.path().string()))
      std::filesystem::remove(entry.path(), gone);
}

report::Answer Tuning::answer(bool finished) const {
  TuneState state;
  state.options = &options_;
  state.folder = &folder_;
  state.data = &data_;
  state.command_line = command_line_of(options_);
  state.machine = describe_machine();
  state.workers = workers_;
  state.spent_seconds = meter_->spent_seconds();
  state.began_at = meter_->began_at();
  state.preparation_seconds = preparation_seconds_;
  state.judgements = judgements_;
  state.finished = finished;
  std::vector<experiment::Experiment> experiments;
  for (const auto& arm : arms_) experiments.push_back(arm->experiment());
  return collect_answer(state, *scheduler_, experiments);
}

void Tuning::write_report(bool finished) {
  std::size_t trials = 0;
  for (const auto& arm : arms_) trials += scheduler_->observations(arm->id()).size();
  const double now = clock_.now_seconds();
  if (!finished && (trials == reported_trials_ || now - reported_at_ < kReportEverySeconds)) return;
  reported_trials_ = trials;
  reported_at_ = now;
  const report::Answer so_far = answer(finished);
  write_file(folder_.result(), report::result_json(so_far).dump(1) + "\n");
  write_file(folder_.report(), report::html_report(so_far, report::summarize(so_far)));
  if (!finished) forget_checkpoints(*arms_.back());
}

// Once, when nothing is left to decide.
void Tuning::open_test_part() {
  std::vector<experiment::Id> judged;
  for (const auto& arm : arms_)
    for (const auto& trial : scheduler_->trials(arm->id()))
      if (Arm::role(trial) != "search" && trial.state == experiment::TrialState::kDone)
        judged.push_back(trial.id);
  const auto test = train::HeldOutPhotographs::test(data_.dataset, data_.split);
  const train::Environment environment{options_.weights, folder_.cache(), core_count()};
  SilentProgress silence;
  for (const auto trial : judged) {
    throw_if_stopped();
    const auto folder =
        std::filesystem::path(worker::trial_folder(folder_.path(), trial)) / "model";
    const auto judgement = train::Model::load(folder).evaluate(test, environment, silence);
    judgements_.push_back({trial, judgement.top5_accuracy, judgement.predictions});
    console_.progress({"models judged on the test part", judgements_.size(), judged.size()});
  }
}

// The winner's best model on validation becomes the run's.
void Tuning::keep_model(const report::Answer& answer) {
  const report::Arm& winner = answer.arms.at(answer.winner.value());
  std::filesystem::path best;
  double best_value = -1;
  for (const auto& arm : arms_) {
    if (arm->experiment().name != winner.strategy) continue;
    const auto trials = scheduler_->trials(arm->id());
    const auto values = values_of(scheduler_->observations(arm->id()), trials);
    const std::string role = winner.tuned && !arm->winner_is_untuned() ? "winner" : "untuned";
    for (const auto& trial : trials) {
      if (Arm::role(trial) != role || !values.contains(trial.id) ||
          values.at(trial.id) <= best_value)
        continue;
      best_value = values.at(trial.id);
      best = std::filesystem::path(worker::trial_folder(folder_.path(), trial.id)) / "model";
    }
  }
  std::filesystem::create_directories(folder_.model());
  for (const auto& entry : std::filesystem::directory_iterator(best))
    write_file(folder_.model() / entry.path().filename(), read_file(entry.path()));
}

// What only a run that goes on would need.
void Tuning::tidy_up() {
  for (const auto& arm : arms_)
    for (const auto& trial : scheduler_->trials(arm->id()))
      std::filesystem::remove_all(
          std::filesystem::path(worker::trial_folder(folder_.path(), trial.id)) / "model");
  std::filesystem::remove_all(folder_.checkpoints());
}

void Tuning::stop_workers() {
  if (launcher_ != nullptr) launcher_->stop(kGraceSeconds);
  launcher_.reset();
  if (server_ != nullptr) server_->stop();
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

int Tuning::finish() {
  stop_workers();
  open_test_part();
  keep_model(answer(true));
  write_report(true);
  tidy_up();
  const report::Answer last = answer(true);
  const std::string where =
      fmt::format("model   {}\nreport  {}\n", folder_.model().string(), folder_.report().string());
  Json json = report::result_json(last);
  json["model"] = folder_.model().string();
  json["report"] = folder_.report().string();
  console_.result(report::text_report(last, report::summarize(last)) + where, json);
  return 0;
}

int Tuning::run() {
  if (options_.dry_run) return dry_run();
  folder_.open(identity(options_), {});
  open_store();
  if (is_finished()) return print_finished();
  data_ = folder_.prepare_data(options_.data,
                               {options_.validation_share, options_.test_share, options_.seed},
                               core_count(), console_);
  try {
    tune_all();
    return finish();
  } catch (const Stopped&) {
    console_.line("stopping: the workers write their checkpoints");
    stop_workers();
    throw;
  }
}

}  // namespace

int run_tune(const TuneOptions& options, Console& console) {
  Tuning tuning(options, console);
  return tuning.run();
}

}  // namespace frugal::cli
