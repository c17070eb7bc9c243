#include "cli/optimization.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "cli/optimize_view.h"
#include "cli/signals.h"
#include "experiment/history.h"
#include "experiment/progress.h"
#include "worker/folders.h"

namespace frugal::cli {
namespace {

using experiment::Trial;
using experiment::TrialState;

constexpr std::size_t kHopelessTrials = 10;  // all failed, from the first: the program is broken

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

ExperimentFile read_experiment(const OptimizeOptions& options) {
  if (options.file.empty())
    throw InputError(
        "which experiment? frugal optimize -f experiment.yml -- PROGRAM ...; --example prints a "
        "file to begin with");
  if (options.command.empty())
    throw InputError(fmt::format(
        "which program? Write it behind --, as in frugal optimize -f {} -- python3 train.py "
        "--lr={{lr}}",
        options.file));
  return read_experiment_file(options.file);
}

experiment::Budget budget_of(const OptimizeOptions& options,
                             const experiment::Experiment& experiment) {
  if (!options.budget.empty()) return experiment::parse_budget(options.budget);
  if (experiment.budget) return {.runs = experiment.budget};
  throw InputError(fmt::format(
      "how much may it cost? Give --budget 40runs or --budget 20m, or observation_budget in {}",
      options.file));
}

}  // namespace

Optimization::Optimization(const OptimizeOptions& options, Console& console)
    : Optimization(options, console, read_experiment(options)) {}

Optimization::Optimization(const OptimizeOptions& options, Console& console, ExperimentFile file)
    : options_(options),
      console_(console),
      budget_(budget_of(options, file.experiment)),
      price_(price_of(options.price)),
      allowed_seconds_(experiment::seconds_allowed(budget_, price_.per_hour)),
      experiment_(std::move(file.experiment)),
      workers_(options.workers > 0
                   ? options.workers
                   : static_cast<unsigned>(experiment_.parallel_bandwidth.value_or(1))),
      launching_(options.launch, 1),
      output_(options.output.empty()
                  ? "frugal-runs/" + std::filesystem::path(options.file).stem().string()
                  : options.output),
      folder_(absolute(output_)) {
  setup_.command = options.command;
  setup_.working_folder = std::filesystem::current_path();
  setup_.run_folder = folder_.path();
  setup_.metric = file.metric;
  if (!options.metric_file.empty()) setup_.metric.file = options.metric_file;
  if (!options.metric_regex.empty()) setup_.metric.regex = options.metric_regex;
  worker::require_regex(setup_.metric.regex);
  setup_.timeout_seconds =
      options.timeout.empty() ? file.timeout_seconds : seconds_named(options.timeout);
  check_command();

  if (options.seed) experiment_.seed = *options.seed;
  if (!options.suggester.empty()) experiment_.suggester = options.suggester;
  experiment_.budget = budget_.runs;
  optimizer::make_suggester(experiment_.suggester, problem_of(experiment_), 0);  // is there one?
  experiment_.parallel_bandwidth = static_cast<int>(workers_);
  experiment_.metadata["program"] = to_json(setup_);
}

// All that can be known to be wrong before the first trial.
void Optimization::check_command() const {
  const std::set<std::string> known = worker::names_of(experiment_.space);
  std::vector<std::string> templates = setup_.command;
  if (!setup_.metric.file.empty()) templates.push_back(setup_.metric.file);
  const std::set<std::string> used = worker::names_in(templates, known);
  const std::string& program = setup_.command[0];
  if (worker::names_in({program}, known).empty() &&
      worker::find_program(program, setup_.working_folder).empty()) {
    const bool is_file = std::filesystem::is_regular_file(program);
    throw InputError(fmt::format(
        "there is no program {} that can be run{}", program,
        !is_file ? ""
        : program.find('/') == std::string::npos && ::access(program.c_str(), X_OK) == 0
            ? fmt::format("; the one in this folder is ./{}", program)
            : fmt::format("; the file is not executable: chmod +x {0}, or name its interpreter, "
                          "such as python3 {0}",
                          program)));
  }
  std::map<std::string, std::string> variables;
  std::vector<std::string> unused;
  for (const auto& parameter : experiment_.space.parameters()) {
    const std::string variable = worker::environment_name(parameter.name);
    if (const auto [other, is_new] = variables.emplace(variable, parameter.name); !is_new)
      console_.message(fmt::format("the parameters {} and {} share the variable {}", other->second,
                                   parameter.name, variable));
    if (!used.contains(parameter.name)) unused.push_back(parameter.name);
  }
  if (!unused.empty() && unused.size() < experiment_.space.parameters().size() &&
      !used.contains("assignments_file"))
    console_.message(
        fmt::format("{} {} not in the command; the program must read {} from its environment",
                    fmt::join(unused, ", "), unused.size() == 1 ? "is" : "are",
                    unused.size() == 1 ? worker::environment_name(unused[0]) : "FRUGAL_PARAM_..."));
}

// As the user typed it, but for the order.
std::string Optimization::command_line() const {
  std::vector<std::string> words = {"frugal", "optimize", "-f", options_.file};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {name, value});
  };
  add("--budget", options_.budget);
  add("--workers", options_.workers > 0 ? std::to_string(options_.workers) : "");
  const LaunchOptions& launch = options_.launch;
  add("--on", launch.on == "local" ? "" : launch.on);
  add("--listen", launch.listen);
  add("--partition", launch.partition);
  add("--gpus", launch.gpus);
  add("--time", launch.time);
  for (const std::string& word : launch.sbatch_extra) words.push_back("--sbatch-extra=" + word);
  add("--metric-file", options_.metric_file);
  add("--metric-regex", options_.metric_regex);
  add("--timeout", options_.timeout);
  add("--suggester", options_.suggester);
  add("--seed", options_.seed ? std::to_string(*options_.seed) : "");
  add("--machine", options_.price.machine);
  if (options_.price.spot) words.emplace_back("--spot");
  add("--prices", options_.price.prices);
  add("--price-per-hour",
      options_.price.per_hour > 0 ? fmt::format("{:g}", options_.price.per_hour) : "");
  add("--output", options_.output);
  words.emplace_back("--");
  words.insert(words.end(), options_.command.begin(), options_.command.end());
  return worker::shell_text(words);
}

// The experiment in the store, made when it is not there; the same one, with the budget of now.
void Optimization::open() {
  folder_.open({{"command", "optimize"}, {"command_line", command_line()}}, {"command_line"});
  coordinator_ = std::make_unique<Coordinator>(folder_);
  auto& scheduler = coordinator_->scheduler();
  const auto known = scheduler.experiments();
  if (known.empty()) {
    experiment_ = scheduler.create(experiment_);
  } else {
    const std::string changed = difference(known[0], experiment_);
    if (!changed.empty())
      throw InputError(
          fmt::format("{} holds another experiment: {}; give another --output to begin anew, or "
                      "the old experiment to go on",
                      output_, changed));
    experiment_ = scheduler.update(known[0].id, [&](experiment::Experiment& stored) {
      stored.name = experiment_.name;
      stored.budget = experiment_.budget;
      stored.parallel_bandwidth = experiment_.parallel_bandwidth;
      stored.metadata = experiment_.metadata;
      stored.search = experiment::Search::kOn;
    });
  }
  const auto trials = scheduler.trials(experiment_.id);
  allowance_ = std::make_unique<Allowance>(experiment_, budget_.runs, allowed_seconds_, trials);
  allowance_->learn_seconds(trials);
  scheduler.set_admission([this](const experiment::Experiment&, const optimizer::Task& task) {
    return allowance_->admits(task, coordinator_->meter().spent_seconds());
  });
}

Standing Optimization::standing() {
  auto& scheduler = coordinator_->scheduler();
  Standing now{.experiment = experiment_};
  now.spent_seconds = coordinator_->meter().spent_seconds();
  now.is_spent =  // before the trials are looked at
      allowance_->is_spent(now.spent_seconds) ||
      scheduler.experiment(experiment_.id).search == experiment::Search::kEnding;
  now.trials = scheduler.trials(experiment_.id);
  now.ends = experiment::ends_of(now.trials, scheduler.observations(experiment_.id));
  now.budget = budget_;
  now.allowed_seconds = allowed_seconds_;
  now.output = output_;
  return now;
}

bool Optimization::is_over(const Standing& now) const {
  if (allowed_seconds_ && now.spent_seconds >= *allowed_seconds_) return true;
  return now.is_spent && now.ended() == now.trials.size();
}

// A program that cannot work is not worth the budget.
void Optimization::give_up_if_hopeless(const Standing& now, std::size_t failed_before) const {
  if (now.failed() < now.ended() || now.failed() == 0) return;
  if (now.failed() - failed_before < kHopelessTrials && !is_over(now)) return;
  const auto last = std::find_if(now.trials.rbegin(), now.trials.rend(), [](const Trial& trial) {
    return trial.state == TrialState::kFailed;
  });
  const Failure failure = failure_of(*last);
  throw InputError(fmt::format(
      "all {} trials failed, so the program is not worth more of the budget. The last one ({}) "
      "{}{}\nThe same command tries again, from the next trial on",
      now.failed(), worker::trial_folder(output_, last->id), failure.reason,
      failure.last_words.empty() ? "" : "; its last words:\n" + failure.last_words));
}

// Until the budget is spent: watches and shows.
void Optimization::search() {
  Standing now = standing();
  const std::size_t failed_before = now.failed();
  OptimizeView view(console_, now);
  if (is_over(now)) {
    console_.line(fmt::format("{} has spent its budget; with a larger one it goes on", output_));
    return;
  }
  if (!now.trials.empty())
    console_.line(fmt::format("{} goes on: {} trials ended, {} spent", output_, now.ended(),
                              spent_text(now)));
  coordinator_->start_workers(launching_, workers_, {"--programs"}, price_.per_hour,
                              [this](const std::string& text) { console_.message(text); });
  console_.line(coordinator_->dashboard());
  for (;;) {
    coordinator_->watch();
    now = standing();
    allowance_->learn_seconds(now.trials);
    view.show(now, coordinator_->clock().now_seconds());
    give_up_if_hopeless(now, failed_before);
    if (is_over(now)) break;
    throw_if_stopped();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  console_.clear_status();
  coordinator_->stop();
}

int Optimization::finish() {
  Standing last = standing();
  give_up_if_hopeless(last, 0);
  last.recommended = coordinator_->scheduler().recommend(experiment_.id);
  Json json = to_json(last);
  write_file(folder_.result(), json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (last.ranking().empty()) {
    console_.line(to_text(last));
    throw Stopped(fmt::format(
        "the budget was spent before a trial of the full task succeeded; with a larger one the "
        "same command goes on: {}",
        command_line()));
  }
  console_.result(to_text(last), json);
  return 0;
}

int Optimization::run() {
  if (options_.dry_run) return dry_run();
  open();
  try {
    search();
  } catch (const Stopped&) {
    console_.line("stopping: the programs are asked to end, and have ten seconds");
    coordinator_->stop();
    console_.clear_status();
    console_.line(to_text(standing()));
    throw Stopped(fmt::format("stopped; to go on, say again\n  {}", command_line()));
  } catch (const Error&) {
    console_.clear_status();
    coordinator_->stop();
    throw;
  }
  return finish();
}

}  // namespace frugal::cli
