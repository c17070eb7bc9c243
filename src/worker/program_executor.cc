#include "worker/program_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "worker/folders.h"

extern char** environ;

namespace frugal::worker {
namespace {

using experiment::Experiment;
using experiment::Trial;

constexpr std::streamoff kOutputBytes = 1 << 20;  // of its end, where the metric is looked for
constexpr std::streamoff kLastBytes = 2000;       // ... kept with a failure
constexpr std::size_t kLastLines = 12;
constexpr std::chrono::seconds kSameSignal{1};
constexpr std::size_t kProgressBytes = 200;

// The end of a file, "" where there is none.
std::string tail_of(const std::filesystem::path& path, std::streamoff bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<std::streamoff>(file.tellg());
  const std::streamoff kept = std::min(size, bytes);
  file.seekg(size - kept);
  std::string text(static_cast<std::size_t>(kept), '\0');
  file.read(text.data(), kept);
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// Valid UTF-8 without control characters but line breaks: fit for JSON and for a terminal.
std::string readable(std::string_view text) {
  std::string kept;
  for (const char c : text)
    if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'))
      kept += c == '\t' ? ' ' : c;
  const std::string json = Json(kept).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(json).get<std::string>();
}

std::string last_lines(const std::filesystem::path& path, std::size_t count) {
  std::string text = tail_of(path, kLastBytes);
  text.resize(text.find_last_not_of("\r\n \t") + 1);
  std::size_t begin = text.size();
  for (std::size_t line = 0; line < count && begin != std::string::npos && begin > 0; ++line)
    begin = text.rfind('\n', begin - 1);
  return begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
}

struct Files {
  explicit Files(const std::filesystem::path& trial)
      : folder(trial),
        output(trial / "stdout.txt"),
        error(trial / "stderr.txt"),
        assignments(trial / "assignments.json"),
        log(trial / "trial.json") {}
  std::filesystem::path folder, output, error, assignments, log;
};

Files files_of(const ProgramSetup& setup, const Trial& trial) {
  return Files(trial_folder(setup.run_folder, trial.id));
}

std::filesystem::path checkpoint_folder(const ProgramSetup& setup, const Experiment& experiment,
                                        const Trial& trial) {
  const std::string key = experiment.space.canonical_key(trial.suggestion.assignments);
  return std::filesystem::path(setup.run_folder) / "checkpoints" / sha256(key).substr(0, 16);
}

// What a program can be told beside its assignments.
std::map<std::string, std::string> words_of(const ProgramSetup& setup, const Experiment& experiment,
                                            const Trial& trial) {
  const optimizer::Task& task = experiment.tasks.at(trial.suggestion.task);
  const auto number = static_cast<std::uint64_t>(trial.id);
  const std::uint64_t seed =
      RandomStream(experiment.seed).derive("trial").derive(number).bits() >> 33;
  const Files files = files_of(setup, trial);
  return {{"task", task.name},
          {"task_cost", fmt::format("{}", task.cost)},
          {"trial", std::to_string(trial.id)},
          {"seed", std::to_string(seed)},
          {"trial_folder", files.folder},
          {"checkpoint_folder", checkpoint_folder(setup, experiment, trial)},
          {"assignments_file", files.assignments}};
}

std::set<std::string> space_names(const optimizer::Space& space) {
  std::set<std::string> names;
  for (const auto& parameter : space.parameters()) names.insert(parameter.name);
  for (const auto& conditional : space.conditionals()) names.insert(conditional.name);
  return names;
}

// The one that we live in, with the trial's variables.
std::vector<std::string> environment_of(const ProgramSetup& setup, const Experiment& experiment,
                                        const Trial& trial) {
  constexpr const char* kPrefix = "FRUGAL_";
  std::map<std::string, std::string> own;
  for (const auto& [name, text] : words_of(setup, experiment, trial)) {
    std::string variable = kPrefix;
    for (const char c : name) variable += c == '_' ? c : static_cast<char>(c - 'a' + 'A');
    own[variable] = text;
  }
  for (const auto& [name, value] : trial.suggestion.assignments)
    own[environment_name(name)] = text_of(value);
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!own.contains(std::string(text.substr(0, text.find('=')))) &&
        !text.starts_with(environment_name("")))
      environment.emplace_back(text);
  }
  for (const auto& [name, text] : own) environment.push_back(fmt::format("{}={}", name, text));
  return environment;
}

// One attempt at a trial.
class Attempt {
 public:
  Attempt(const Lease& lease, Context& context)
      : experiment_(lease.experiment),
        trial_(lease.trial),
        context_(context),
        setup_(program_setup_from_json(experiment_.metadata.at("program"))),
        substitutes_(substitutes_of(setup_, experiment_, trial_)),
        files_(files_of(setup_, trial_)),
        command_(fill_in(setup_.command, substitutes_)) {}

  Outcome run() {
    make_folder(files_.folder);
    if (names_in(setup_.command, names_of(experiment_.space)).contains("checkpoint_folder"))
      make_folder(checkpoint_folder(setup_, experiment_, trial_));
    write_file(files_.assignments,
               optimizer::to_json(trial_.suggestion.assignments).dump(1) + "\n");
    if (!setup_.metric.file.empty()) std::filesystem::remove(metric_file());  // of another attempt
    ProgramLimits limits;
    if (setup_.timeout_seconds > 0) limits.timeout_seconds = setup_.timeout_seconds;
    limits.should_stop = [this] { return context_.should_stop(); };
    limits.on_tick = [this] {
      const std::string line = last_lines(files_.output, 1).substr(0, kProgressBytes);
      context_.report_progress({{"output", readable(line)}});
    };
    ProgramEnd end;
    try {
      end = run_program({command_, environment_of(setup_, experiment_, trial_),
                         setup_.working_folder, files_.output, files_.error},
                        limits);
    } catch (const InputError& error) {
      return failed(end, error.what());
    }
    context_.note_peak_memory(end.peak_memory_bytes);
    if (end.cause == ProgramEnd::Cause::kStopped || was_stopped_with_us(end)) {
      log(end, {{"outcome", "stopped"}});
      return Outcome::stopped("");
    }
    if (end.exit_code != 0) return failed(end, describe(end, limits));
    try {
      const Measurement measured = measure();
      log(end, {{"outcome", "done"}, {"value", measured.value}});
      return Outcome::observed(measured.value, measured.value_stddev);
    } catch (const InputError& error) {
      return failed(end, error.what());
    }
  }

 private:
  std::filesystem::path metric_file() const {
    const auto filled = fill_in({setup_.metric.file}, substitutes_);
    if (filled.empty())
      throw InputError(fmt::format("the metric's file {} has a parameter that is not active",
                                   setup_.metric.file));
    return std::filesystem::path(setup_.working_folder) / filled[0];
  }

  Measurement measure() const {
    const bool from_file = !setup_.metric.file.empty();
    const auto path = from_file ? metric_file() : files_.output;
    if (!std::filesystem::exists(path))
      throw InputError(fmt::format("it left no file {}", path.string()));
    return read_metric(tail_of(path, kOutputBytes), experiment_.metric, setup_.metric,
                       from_file ? "metric file" : "standard output");
  }

  // With the last words of the program: where it has said nothing on standard error, of its output.
  // A cluster asks the program and its worker to end at once: the program may be faster.
  bool was_stopped_with_us(const ProgramEnd& end) const {
    if (end.exit_code == 0) return false;
    const auto deadline = std::chrono::steady_clock::now() + kSameSignal;
    while (end.signal == SIGTERM && !context_.should_stop() &&
           std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return context_.should_stop();
  }

  Outcome failed(const ProgramEnd& end, const std::string& reason) const {
    std::string words = readable(last_lines(files_.error, kLastLines));
    if (words.empty()) words = readable(last_lines(files_.output, kLastLines));
    const std::string line = readable(reason);
    log(end, {{"outcome", "failed"}, {"reason", line}, {"last_words", words}});
    return Outcome::failed(words.empty() ? line : line + "\n" + words);
  }

  void log(const ProgramEnd& end, Json outcome) const {
    outcome["trial"] = trial_.id;
    outcome["attempt"] = trial_.attempts;
    outcome["task"] = experiment_.tasks.at(trial_.suggestion.task).name;
    outcome["assignments"] = optimizer::to_json(trial_.suggestion.assignments);
    outcome["command"] = command_;
    outcome["working_folder"] = setup_.working_folder;
    outcome["wall_seconds"] = end.wall_seconds;
    outcome["exit_code"] = end.exit_code ? Json(*end.exit_code) : Json();
    outcome["signal"] = end.signal ? Json(*end.signal) : Json();
    write_file(files_.log, outcome.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  const Experiment& experiment_;
  const Trial& trial_;
  Context& context_;
  ProgramSetup setup_;
  Substitutes substitutes_;
  Files files_;
  std::vector<std::string> command_;
};

}  // namespace

Json to_json(const ProgramSetup& setup) {
  return {{"command", setup.command},           {"working_folder", setup.working_folder},
          {"run_folder", setup.run_folder},     {"metric_file", setup.metric.file},
          {"metric_regex", setup.metric.regex}, {"timeout_seconds", setup.timeout_seconds}};
}

ProgramSetup program_setup_from_json(const Json& json) {
  constexpr const char* kWhere = "the experiment's program";
  require_known_keys(
      json,
      {"command", "working_folder", "run_folder", "metric_file", "metric_regex", "timeout_seconds"},
      kWhere);
  try {
    return {json.at("command"),
            json.at("working_folder"),
            json.at("run_folder"),
            {json.at("metric_file"), json.at("metric_regex")},
            json.at("timeout_seconds")};
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: {}", kWhere, error.what()));
  }
}

std::set<std::string> names_of(const optimizer::Space& space) {
  std::set<std::string> names = space_names(space);
  names.insert({"task", "task_cost", "trial", "seed", "trial_folder", "checkpoint_folder",
                "assignments_file"});
  return names;
}

Substitutes substitutes_of(const ProgramSetup& setup, const Experiment& experiment,
                           const Trial& trial) {
  Substitutes substitutes;
  for (const auto& [name, text] : words_of(setup, experiment, trial)) substitutes[name] = text;
  for (const auto& name : space_names(experiment.space)) substitutes[name] = std::nullopt;
  for (const auto& [name, value] : trial.suggestion.assignments) substitutes[name] = text_of(value);
  return substitutes;
}

Outcome ProgramExecutor::run(const Lease& lease, Context& context) {
  return Attempt(lease, context).run();
}

}  // namespace frugal::worker
