#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "cli/signals.h"
#include "cli/tuning.h"
#include "experiment/progress.h"
#include "report/format.h"
#include "report/html.h"
#include "report/summary.h"
#include "vision/train/train.h"
#include "worker/folders.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

constexpr double kReportEverySeconds = 20;
constexpr std::size_t kCheckpointsKept = 8;  // of trials that may yet be run for longer

std::string command_line_of(const TuneOptions& options) {
  std::string line =
      fmt::format("frugal tune --data {} --weights {} --budget {} --strategy {}", options.data.data,
                  options.weights, options.budget, options.strategy);
  if (options.recipe != "default") line += fmt::format(" --recipe {}", options.recipe);
  if (options.augment != TuneOptions().augment)
    line += fmt::format(" --augment {}", options.augment);
  if (!options.refit) line += " --no-refit";
  if (options.task_by != TuneOptions().task_by)
    line += fmt::format(" --task-by {}", options.task_by);
  if (options.seeds != TuneOptions().seeds) line += fmt::format(" --seeds {}", options.seeds);
  if (options.resolution > 0) line += fmt::format(" --resolution {}", options.resolution);
  if (options.epochs > 0) line += fmt::format(" --epochs {:g}", options.epochs);
  if (options.stop_risk != TuneOptions().stop_risk)
    line += fmt::format(" --stop-risk {:g}", options.stop_risk);
  const PriceOptions& price = options.price;
  if (!price.machine.empty()) line += fmt::format(" --machine {}", price.machine);
  if (price.spot) line += " --spot";
  if (!price.prices.empty()) line += fmt::format(" --prices {}", price.prices);
  if (price.per_hour > 0) line += fmt::format(" --price-per-hour {:g}", price.per_hour);
  return line + fmt::format(" --seed {} --output {}", options.seed, options.output);
}

// The run's checkpoint that such a file is, or stands beside ("x.pt.trunk"); "" for others, such as
// what a worker is just writing.
std::filesystem::path checkpoint_of(const std::filesystem::path& file) {
  if (file.extension() == ".pt") return file;
  return file.extension() == ".trunk" ? file.parent_path() / file.stem() : std::filesystem::path();
}

void copy_model(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from))
    write_file(to / entry.path().filename(), read_file(entry.path()));
}

}  // namespace

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

// Checkpoints are large: only those of running trials, and of the best ones that may yet be run
// for longer, stay.
void Tuning::forget_checkpoints(const Arm& arm) const {
  const auto trials = coordinator_->scheduler().trials(arm.id());
  const auto values = values_of(trials, coordinator_->scheduler().observations(arm.id()));
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
    if (const auto checkpoint = checkpoint_of(entry.path());
        !checkpoint.empty() && !kept.contains(checkpoint.string()))
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
  state.spent_seconds = coordinator_->meter().spent_seconds();
  state.began_at = coordinator_->meter().began_at();
  state.price = price_;
  state.overheads = coordinator_->ledger().lines();
  state.judgements = judgements_;
  state.refit = refit_;
  state.finished = finished;
  std::vector<experiment::Experiment> experiments;
  for (const auto& arm : arms_) experiments.push_back(arm->experiment());
  return collect_answer(state, coordinator_->scheduler(), experiments);
}

void Tuning::write_report(bool finished) {
  std::size_t trials = 0;
  for (const auto& arm : arms_) trials += coordinator_->scheduler().observations(arm->id()).size();
  const double now = coordinator_->clock().now_seconds();
  if (!finished && (trials == reported_trials_ || now - reported_at_ < kReportEverySeconds)) return;
  reported_trials_ = trials;
  reported_at_ = now;
  const report::Answer so_far = answer(finished);
  write_file(folder_.result(), report::result_json(so_far).dump(1) + "\n");
  write_file(folder_.report(), report::html_report(so_far, report::summarize(so_far)));
  if (finished) return;
  keep_model(so_far);
  forget_checkpoints(*arms_.back());
}

// Once, when nothing is left to decide.
void Tuning::open_test_part() {
  std::vector<experiment::Id> judged;
  for (const auto& arm : arms_)
    for (const auto& trial : coordinator_->scheduler().trials(arm->id()))
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
  if (refit_) {
    const auto judgement =
        train::Model::load(folder_.refit() / "model").evaluate(test, environment, silence);
    refit_->test_top5 = judgement.top5_accuracy;
    refit_->test_predictions = judgement.predictions;
  }
}

// The best model on validation of the winner that the answer names; nullopt: there is none yet.
std::optional<experiment::Id> Tuning::best_run(const report::Answer& answer) const {
  if (!answer.winner) return {};
  const report::Arm& winner = answer.arms[*answer.winner];
  std::optional<experiment::Id> best;
  double best_value = -1;
  for (const auto& arm : arms_) {
    if (arm->experiment().name != winner.strategy) continue;
    const auto trials = coordinator_->scheduler().trials(arm->id());
    const auto values = values_of(trials, coordinator_->scheduler().observations(arm->id()));
    const bool tuned = winner.tuned && !arm->winner_is_untuned();
    const std::string role = winner.longer ? "longer" : tuned ? "winner" : "untuned";
    for (const auto& trial : trials) {
      if (Arm::role(trial) != role || !values.contains(trial.id) ||
          values.at(trial.id) <= best_value)
        continue;
      best_value = values.at(trial.id);
      best = trial.id;
    }
  }
  return best;
}

// There is a model from the first run on: a user may stop at any time.
void Tuning::keep_model(const report::Answer& answer) {
  const auto best = best_run(answer);
  if (refit_) {
    copy_model(folder_.refit() / "model", folder_.model());
  } else if (best && best != kept_trial_) {
    const std::filesystem::path trial = worker::trial_folder(folder_.path(), *best);
    copy_model(trial / "model", folder_.model());
    kept_trial_ = best;
  }
}

// What only a run that goes on would need.
void Tuning::tidy_up() {
  for (const auto& arm : arms_)
    for (const auto& trial : coordinator_->scheduler().trials(arm->id()))
      std::filesystem::remove_all(
          std::filesystem::path(worker::trial_folder(folder_.path(), trial.id)) / "model");
  std::filesystem::remove_all(folder_.checkpoints());
  std::filesystem::remove_all(folder_.refit());
}

int Tuning::finish() {
  coordinator_->stop();
  {
    const Ledger::Stage stage(coordinator_->ledger(), "the winner once more");
    refit(answer(false));
  }
  {
    const Ledger::Stage stage(coordinator_->ledger(), "judging the test part");
    open_test_part();
  }
  const Ledger::Stage stage(coordinator_->ledger(), "model and report");
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

}  // namespace frugal::cli
