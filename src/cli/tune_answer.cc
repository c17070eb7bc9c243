#include "cli/tune_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/file.h"
#include "experiment/progress.h"
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

// Of a store that did not know of shares, the workers shared alike.
double machine_seconds(const Trial& trial, unsigned workers) {
  const experiment::Cost cost = sum(trial.cost, trial.attempt_cost);
  return cost.machine_seconds > 0 ? cost.machine_seconds : cost.wall_seconds / workers;
}

double dollars(const Trial& trial, const TuneState& state) {
  const double recorded = trial.cost.dollars + trial.attempt_cost.dollars;
  return recorded > 0 ? recorded
                      : machine_seconds(trial, state.workers) / 3600 * state.price.per_hour;
}

struct Observed {
  std::map<experiment::Id, Observation> ends;  // what ended each trial
  std::map<experiment::Id, std::vector<report::Passing>> passings;
};

Observed observed(const Experiment& experiment, const std::vector<Trial>& trials,
                  const std::vector<Observation>& observations) {
  Observed all{experiment::ends_of(trials, observations), {}};
  for (const auto& observation : observations)
    if (observation.value && experiment::is_on_the_way(observation, trials))
      all.passings[observation.trial].push_back({experiment.tasks[observation.point.task].name,
                                                 experiment.tasks[observation.point.task].cost,
                                                 *observation.value});
  return all;
}

report::Trial trial_row(const Trial& trial, const Experiment& experiment, const Observed& observed,
                        const TuneState& state) {
  const auto& task = experiment.tasks[trial.suggestion.task];
  report::Trial row;
  row.id = static_cast<std::uint64_t>(trial.id);
  row.strategy = experiment.name;
  row.task = Arm::role(trial) == "longer" ? report::kLonger : task.name;
  row.cost = task.cost;
  row.state = to_string(trial.state);
  const auto end = observed.ends.find(trial.id);
  const bool has_ended = end != observed.ends.end();
  if (has_ended) {
    row.value = end->second.value;
    row.value_stddev = end->second.value_stddev;
  }
  if (const auto passed = observed.passings.find(trial.id); passed != observed.passings.end())
    row.passings = passed->second;
  row.assignments = optimizer::to_json(trial.suggestion.assignments);
  row.started_seconds = std::max(0.0, trial.started - state.began_at);
  const experiment::Cost cost = sum(trial.cost, trial.attempt_cost);
  row.seconds = cost.wall_seconds;
  row.cpu_seconds = cost.cpu_seconds;
  row.device_seconds = cost.device_seconds;
  row.machine_seconds = machine_seconds(trial, state.workers);
  row.peak_memory_bytes = cost.peak_memory_bytes;
  row.dollars = dollars(trial, state);
  const Json history = has_ended ? end->second.metadata.value("history", Json::array())
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

report::Search search_row(const Experiment& experiment) {
  report::Search search{.strategy = experiment.name,
                        .space = optimizer::to_json(experiment.space),
                        .tasks = {},
                        .seed = experiment.seed};
  for (const auto& task : experiment.tasks) search.tasks.push_back({task.name, task.cost});
  return search;
}

// Of a run that was as long as its time allowed.
std::optional<double> epochs_of_timed(const Trial& trial, const Observed& observed) {
  const auto end = observed.ends.find(trial.id);
  if (!trial.metadata.contains("seconds") || end == observed.ends.end()) return {};
  const Json history = end->second.metadata.value("history", Json::array());
  if (history.empty()) return {};
  return std::round(100 * history.back().at("epochs").get<double>()) / 100;
}

report::Arm arm_row(const Experiment& experiment, bool tuned, const ArmTrials& trials,
                    const Observed& observed, const TuneState& state) {
  report::Arm arm;
  arm.strategy = experiment.name;
  arm.tuned = tuned;
  for (const Trial* trial : trials.runs) {
    report::SeedResult seed;
    seed.seed = trial->metadata.value("seed", std::uint64_t{0});
    seed.validation_accuracy = observed.ends.at(trial->id).value.value_or(0);
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
    if (const auto epochs = epochs_of_timed(*trials.any, observed)) arm.recipe["epochs"] = *epochs;
  }
  return arm;
}

// What the trials of that role took of the machine.
struct Share {
  double seconds = 0, dollars = 0;
};

Share share_of(const std::vector<Trial>& trials, const std::string& role, const TuneState& state) {
  Share share;
  for (const Trial& trial : trials) {
    if (Arm::role(trial) != role) continue;
    share.seconds += machine_seconds(trial, state.workers);
    share.dollars += dollars(trial, state);
  }
  return share;
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
  const std::string split = read_file(state.folder->split());
  summary.split_seed =  // of the split that is there: another run may have made it
      parse_json(split, state.folder->split().string()).value("seed", state.options->seed);
  summary.split_hash = sha256(split);
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
  answer.price_per_hour = state.price.per_hour;
  answer.price = state.price.source;
  answer.spent_dollars = state.spent_seconds / 3600 * state.price.per_hour;
  for (const auto& line : state.overheads) answer.stages.push_back({line.name, line.seconds});

  for (const Experiment& experiment : experiments) {
    const auto trials = scheduler.trials(experiment.id);
    const Observed seen = observed(experiment, trials, scheduler.observations(experiment.id));
    answer.network = experiment.metadata.at("training").at("recipe").at("network");
    answer.searches.push_back(search_row(experiment));
    for (const Trial& trial : trials)
      answer.trials.push_back(trial_row(trial, experiment, seen, state));
    report::Arm untuned = arm_row(experiment, false, runs_of(trials, "untuned"), seen, state);
    report::Arm tuned = arm_row(experiment, true, runs_of(trials, "winner"), seen, state);
    report::Arm longer = arm_row(experiment, true, runs_of(trials, "longer"), seen, state);
    longer.longer = true;
    const Share search = share_of(trials, "search", state);
    const Share untuned_runs = share_of(trials, "untuned", state);
    const Share tuned_runs = share_of(trials, "winner", state);
    const Share longer_runs = share_of(trials, "longer", state);
    tuned.search_seconds = search.seconds;
    tuned.trials = static_cast<std::size_t>(
        std::count_if(trials.begin(), trials.end(),
                      [](const Trial& trial) { return Arm::role(trial) == "search"; }));
    untuned.dollars = untuned_runs.dollars;
    tuned.dollars = search.dollars + tuned_runs.dollars;
    longer.dollars = longer_runs.dollars;
    answer.stages.push_back({experiment.name + ": search", search.seconds});
    answer.stages.push_back(
        {experiment.name + ": runs on fresh seeds", untuned_runs.seconds + tuned_runs.seconds});
    if (longer_runs.seconds > 0)
      answer.stages.push_back({experiment.name + ": one longer run", longer_runs.seconds});
    if (state.finished && tuned.seeds.empty() &&
        tuned.trials > 0) {  // the search found nothing better
      tuned.seeds = untuned.seeds;
      tuned.recipe = untuned.recipe;
      tuned.run_seconds = untuned.run_seconds;
    }
    if (!untuned.seeds.empty()) answer.arms.push_back(std::move(untuned));
    if (!tuned.seeds.empty()) answer.arms.push_back(std::move(tuned));
    if (!longer.seeds.empty()) answer.arms.push_back(std::move(longer));
  }
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
