#include "cli/tune_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/file.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

using experiment::Experiment;
using experiment::Observation;
using experiment::Trial;
using experiment::TrialState;

report::Evaluation evaluation_of(const Json& row) {
  return {row.at("epochs"), row.at("training_loss"), row.at("validation_loss"),
          row.at("validation_accuracy"), row.at("wall_seconds")};
}

// What ended each trial.
std::map<experiment::Id, Observation> final_observations(
    const std::vector<Observation>& observations, const std::vector<Trial>& trials) {
  std::map<experiment::Id, std::size_t> task_of;
  for (const Trial& trial : trials) task_of[trial.id] = trial.suggestion.task;
  std::map<experiment::Id, Observation> ended;
  for (const auto& observation : observations)
    if (task_of.contains(observation.trial) && observation.point.task == task_of[observation.trial])
      ended[observation.trial] = observation;
  return ended;
}

report::Trial trial_row(const Trial& trial, const Experiment& experiment, const Observation* ended,
                        double began_at) {
  const auto& task = experiment.tasks[trial.suggestion.task];
  report::Trial row;
  row.id = static_cast<std::uint64_t>(trial.id);
  row.strategy = experiment.name;
  row.task = task.name;
  row.cost = task.cost;
  row.state = to_string(trial.state);
  if (ended != nullptr) row.value = ended->value;
  row.assignments = optimizer::to_json(trial.suggestion.assignments);
  row.started_seconds = std::max(0.0, trial.started - began_at);
  row.seconds = trial.cost.wall_seconds + trial.attempt_cost.wall_seconds;
  const Json history = ended != nullptr ? ended->metadata.value("history", Json::array())
                                        : trial.progress.value("history", Json::array());
  for (const auto& evaluation : history) row.history.push_back(evaluation_of(evaluation));
  row.reason = trial.reason;
  return row;
}

struct ArmTrials {
  std::vector<const Trial*> runs;  // on fresh seeds, ended well
  const Trial* any = nullptr;
};

ArmTrials runs_of(const std::vector<Trial>& trials, const std::string& role) {
  ArmTrials found;
  for (const Trial& trial : trials) {
    if (Arm::role(trial) != role) continue;
    found.any = &trial;
    if (trial.state == TrialState::kDone) found.runs.push_back(&trial);
  }
  return found;
}

report::Arm arm_row(const Experiment& experiment, bool tuned, const ArmTrials& trials,
                    const std::map<experiment::Id, Observation>& ended, const TuneState& state) {
  report::Arm arm;
  arm.strategy = experiment.name;
  arm.tuned = tuned;
  for (const Trial* trial : trials.runs) {
    report::SeedResult seed;
    seed.seed = trial->metadata.value("seed", std::uint64_t{0});
    seed.validation_accuracy = ended.at(trial->id).value.value_or(0);
    for (const auto& judgement : state.judgements) {
      if (judgement.trial != trial->id) continue;
      seed.test_top5 = judgement.top5_accuracy;
      seed.test_predictions = judgement.predictions;
    }
    arm.run_seconds += trial->cost.wall_seconds / static_cast<double>(trials.runs.size());
    arm.seeds.push_back(std::move(seed));
  }
  if (trials.any != nullptr) {
    arm.recipe = to_json(worker::recipe_of(experiment, *trials.any));
    arm.recipe.erase("seed");
  }
  return arm;
}

// Wall-clock seconds that workers side by side spent on these trials.
double side_by_side_seconds(const std::vector<Trial>& trials, unsigned workers,
                            const std::string& role) {
  double seconds = 0;
  for (const Trial& trial : trials)
    if (Arm::role(trial) == role)
      seconds += trial.cost.wall_seconds + trial.attempt_cost.wall_seconds;
  return seconds / workers;
}

report::DataSummary data_summary(const TuneState& state) {
  const RunData& data = *state.data;
  report::DataSummary summary;
  summary.path = state.options->data.data;
  summary.photographs = data.dataset.photographs.size();
  summary.train = data.split.train.size();
  summary.validation = data.split.validation.size();
  summary.test = data.split.test.size();
  summary.min_per_class = data.check.at("min_per_class");
  summary.max_per_class = data.check.at("max_per_class");
  summary.split_seed = state.options->seed;
  summary.split_hash = sha256(read_file(state.folder->split()));
  std::map<std::string, std::set<int>> parts_of;
  const std::vector<std::size_t>* parts[] = {&data.split.train, &data.split.validation,
                                             &data.split.test};
  for (int part = 0; part < 3; ++part)
    for (const std::size_t i : *parts[part])
      parts_of[data.dataset.photographs[i].content_hash].insert(part);
  summary.shared_content = static_cast<std::size_t>(std::count_if(
      parts_of.begin(), parts_of.end(), [](const auto& item) { return item.second.size() > 1; }));
  for (const auto& broken : data.check.at("broken"))
    summary.broken.push_back({broken.at("path"), broken.at("reason")});
  summary.duplicates = data.check.at("duplicates").size();
  summary.near_duplicates = data.check.at("near_duplicates").size();
  summary.conflicting = data.check.at("conflicting").size();
  return summary;
}

double mean_validation(const report::Arm& arm) {
  double sum = 0;
  for (const auto& seed : arm.seeds) sum += seed.validation_accuracy;
  return sum / static_cast<double>(arm.seeds.size());
}

}  // namespace

std::optional<std::size_t> winning_arm(const std::vector<report::Arm>& arms) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < arms.size(); ++i)
    if (!arms[i].seeds.empty() &&
        (!best || mean_validation(arms[i]) > mean_validation(arms[*best])))
      best = i;
  return best;
}

report::Answer collect_answer(const TuneState& state, const experiment::Scheduler& scheduler,
                              const std::vector<Experiment>& experiments) {
  const TuneOptions& options = *state.options;
  report::Answer answer;
  answer.title = std::filesystem::path(options.data.data).lexically_normal().filename().string();
  answer.finished = state.finished;
  answer.ended_at_seconds = state.began_at + state.spent_seconds;
  answer.data = data_summary(state);
  answer.classes = state.data->dataset.classes;
  answer.weights = options.weights;
  answer.command_line = state.command_line;
  answer.budget = options.budget;
  answer.machine = state.machine;
  answer.version = "0.1.0";
  answer.workers = state.workers;
  answer.spent_seconds = state.spent_seconds;
  answer.price_per_hour = options.price_per_hour;
  answer.spent_dollars = state.spent_seconds / 3600 * options.price_per_hour;
  answer.stages.push_back({"preparing photographs", state.preparation_seconds});

  double search_seconds = 0, run_seconds = 0;
  for (const Experiment& experiment : experiments) {
    const auto trials = scheduler.trials(experiment.id);
    const auto ended = final_observations(scheduler.observations(experiment.id), trials);
    answer.network = experiment.metadata.at("training").at("recipe").at("network");
    for (const Trial& trial : trials) {
      const auto observation = ended.find(trial.id);
      answer.trials.push_back(trial_row(trial, experiment,
                                        observation == ended.end() ? nullptr : &observation->second,
                                        state.began_at));
    }
    report::Arm untuned = arm_row(experiment, false, runs_of(trials, "untuned"), ended, state);
    report::Arm tuned = arm_row(experiment, true, runs_of(trials, "winner"), ended, state);
    const double untuned_seconds = side_by_side_seconds(trials, state.workers, "untuned");
    const double tuned_seconds = side_by_side_seconds(trials, state.workers, "winner");
    tuned.search_seconds = side_by_side_seconds(trials, state.workers, "search");
    tuned.trials = static_cast<std::size_t>(
        std::count_if(trials.begin(), trials.end(),
                      [](const Trial& trial) { return Arm::role(trial) == "search"; }));
    untuned.dollars = untuned_seconds / 3600 * options.price_per_hour;
    tuned.dollars = (tuned.search_seconds + tuned_seconds) / 3600 * options.price_per_hour;
    search_seconds += tuned.search_seconds;
    run_seconds += untuned_seconds + tuned_seconds;
    if (state.finished && tuned.seeds.empty()) {  // the search found nothing better
      tuned.seeds = untuned.seeds;
      tuned.recipe = untuned.recipe;
      tuned.run_seconds = untuned.run_seconds;
    }
    if (!untuned.seeds.empty()) answer.arms.push_back(std::move(untuned));
    if (!tuned.seeds.empty()) answer.arms.push_back(std::move(tuned));
  }
  answer.stages.push_back({"search", search_seconds});
  answer.stages.push_back({"runs on fresh seeds", run_seconds});
  answer.winner = winning_arm(answer.arms);
  answer.refit = state.refit;
  if (!state.judgements.empty())
    for (const std::size_t i : state.data->split.test)
      answer.test_labels.push_back(state.data->dataset.photographs[i].label);
  return answer;
}

std::string describe_machine() {
  std::ifstream cpus("/proc/cpuinfo");
  std::string model = "a machine";
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("model name")) model = line.substr(line.find(':') + 2);
  return fmt::format("{}, {} core{}", model, core_count(), core_count() == 1 ? "" : "s");
}

}  // namespace frugal::cli
