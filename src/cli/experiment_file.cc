#include "cli/experiment_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/first_difference.h"
#include "cli/yaml_lines.h"
#include "experiment/history.h"
#include "worker/program_executor.h"

namespace frugal::cli {
namespace {

// Of those keys that a user writes.
const std::vector<std::string>& experiment_keys() {
  static const std::vector<std::string> keys = {
      "name",    "type",    "parameters",         "conditionals",       "linear_constraints",
      "metrics", "tasks",   "observation_budget", "parallel_bandwidth", "suggester",
      "seed",    "metadata"};
  return keys;
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Numbers, true and false as texts, in a list or alone.
void make_texts(Json& value) {
  if (value.is_array())
    for (Json& item : value) make_texts(item);
  else if (value.is_number() || value.is_boolean())
    value = scalar_text(value);
}

// What may be written shorter, in full.
void expand(Json& json) {
  if (json.contains("metrics") && !json["metrics"].is_array())
    json["metrics"] = Json::array({json["metrics"]});
  if (json.contains("conditionals") && json["conditionals"].is_array())
    for (Json& conditional : json["conditionals"])
      if (conditional.is_object() && conditional.contains("values"))
        make_texts(conditional["values"]);
  if (!json.contains("parameters") || !json["parameters"].is_array()) return;
  for (Json& parameter : json["parameters"]) {
    if (!parameter.is_object()) continue;
    if (Json& bounds = parameter["bounds"]; bounds.is_array() && bounds.size() == 2)
      bounds = {{"min", Json(bounds[0])}, {"max", Json(bounds[1])}};
    if (parameter["bounds"].is_null()) parameter.erase("bounds");
    if (parameter.contains("conditions") && parameter["conditions"].is_object())
      for (auto& [name, values] : parameter["conditions"].items()) make_texts(values);
    if (parameter.value("type", Json()) != "categorical") continue;
    for (const char* key : {"categorical_values", "default_value"})
      if (parameter.contains(key)) make_texts(parameter[key]);
  }
}

class Document {
 public:
  explicit Document(const std::string& path) : path_(path) {
    const std::string text = read_file(path);
    json_ = path.ends_with(".json") ? parse_json(text, path) : parse_yaml(text, path);
    if (!json_.is_object())
      throw InputError(fmt::format(
          "{}: expected an experiment, which has parameters; frugal optimize --example prints one",
          path));
    if (json_.dump().find("\\u0000") != std::string::npos)
      throw InputError(
          fmt::format("{}: a text holds the character 0, which no program can be told", path));
    lines_ = lines_of(text);
    expand(json_);
  }

  ExperimentFile read() const {
    check_keys();
    check_goals();
    check_parts();
    Json experiment = {{"name", std::filesystem::path(path_).stem().string()}};
    for (const auto& key : experiment_keys())
      if (json_.contains(key)) experiment[key] = json_[key];
    ExperimentFile file{.experiment = experiment::experiment_from_json(experiment, path_)};
    check("/suggester", [&](const std::string&) {
      optimizer::make_suggester(file.experiment.suggester, problem_of(file.experiment), 0);
    });
    file.metric.file = text("metric_file");
    file.metric.regex = text("metric_regex");
    check("/metric_regex", [&](const std::string&) { worker::require_regex(file.metric.regex); });
    check("/timeout", [&](const std::string&) {
      if (json_.contains("timeout")) file.timeout_seconds = seconds_named(text("timeout"));
    });
    return file;
  }

 private:
  std::string text(const std::string& key) const {
    const Json value = json_.value(key, Json());
    if (value.is_null()) return "";
    if (value.is_structured())
      throw InputError(fmt::format("{}: {} is a single value", at("/" + key, ""), key));
    return scalar_text(value);
  }

  std::string at(const std::string& pointer, const std::string& words) const {
    return place_of(path_, lines_, pointer, words);
  }

  // Has a part of the file checked, and says where it stands if it is wrong.
  template <typename Check>
  void check(const std::string& pointer, Check checked) const {
    try {
      checked(path_);
    } catch (const InputError& error) {
      std::string words = error.what();
      if (words.starts_with(path_ + ": ")) words.erase(0, path_.size() + 2);
      throw InputError(fmt::format("{}: {}", at(pointer, words), words));
    }
  }

  void check_keys() const {
    std::vector<std::string> known = experiment_keys();
    for (const char* key : {"metric_file", "metric_regex", "timeout"}) known.push_back(key);
    for (const auto& item : json_.items())
      check("/" + item.key(), [&](const std::string& where) {
        require_known_keys({{item.key(), item.value()}}, known, where);
      });
  }

  // What frugal serve offers to any client, and a program's last line cannot say.
  void check_goals() const {
    check("/type", [&](const std::string&) {
      if (json_.value("type", Json()) == "grid")
        throw InputError(
            "type grid is not offered; leave type out and give each parameter its grid of values: "
            "none is tried twice before all have been tried");
    });
    check("/metrics", [&](const std::string&) {
      if (const Json metrics = json_.value("metrics", Json());
          metrics.is_array() && metrics.size() != 1)
        throw InputError("metrics: one metric can be optimized; give a list of one");
    });
  }

  // Each part in an experiment that is otherwise good.
  void check_parts() const {
    const Json good = {{"name", "-"}, {"type", "double"}, {"bounds", {{"min", 0}, {"max", 1}}}};
    const auto check_part = [&](const std::string& pointer, Json part) {
      if (!part.contains("parameters")) part["parameters"] = Json::array({good});
      part["name"] = "-";
      check(pointer,
            [&](const std::string& where) { experiment::experiment_from_json(part, where); });
    };
    const Json conditionals = json_.value("conditionals", Json::array());
    const Json parameters = json_.value("parameters", Json());
    if (parameters.is_null())
      throw InputError(
          fmt::format("{}: an experiment has parameters; frugal optimize --example "
                      "prints one",
                      path_));
    for_items("conditionals", [&](const std::string& pointer, const Json& item) {
      check_part(pointer, {{"conditionals", Json::array({item})}});
    });
    for_items("parameters", [&](const std::string& pointer, const Json& item) {
      check_part(pointer, {{"parameters", Json::array({item})}, {"conditionals", conditionals}});
    });
    for_items("linear_constraints", [&](const std::string& pointer, const Json& item) {
      check_part(pointer, {{"parameters", parameters},
                           {"conditionals", conditionals},
                           {"linear_constraints", Json::array({item})}});
    });
    for (const char* key : {"type", "metrics", "tasks", "observation_budget", "parallel_bandwidth",
                            "seed", "metadata"})
      if (json_.contains(key)) check_part(std::string("/") + key, {{key, json_[key]}});
  }

  template <typename Do>
  void for_items(const std::string& key, Do with) const {
    const Json items = json_.value(key, Json());
    if (!items.is_array()) return;
    for (std::size_t i = 0; i < items.size(); ++i) with(fmt::format("/{}/{}", key, i), items[i]);
  }

  std::string path_;
  Json json_;
  Lines lines_;
};

// What makes an experiment what it is.
Json identity(const experiment::Experiment& experiment) {
  const Json all = to_json(experiment);
  Json json = Json::object();
  for (const char* key : {"parameters", "conditionals", "linear_constraints", "metrics", "tasks",
                          "suggester", "seed"})
    json[key] = all.value(key, Json());
  const auto program = worker::program_setup_from_json(experiment.metadata.at("program"));
  json["command"] = worker::shell_text(program.command);
  json["folder"] = program.working_folder;
  json["metric_file"] = program.metric.file;
  json["metric_regex"] = program.metric.regex;
  return json;
}

}  // namespace

ExperimentFile read_experiment_file(const std::string& path) {
  return Document(path).read();
}

double seconds_named(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string unit(end, text.data() + text.size());
  const std::map<std::string, double> units = {{"", 1},     {"s", 1},    {"m", 60},
                                               {"min", 60}, {"h", 3600}, {"d", 86400}};
  if (error != std::errc() || !std::isfinite(number) || number <= 0 || !units.contains(unit))
    throw InputError(fmt::format("timeout \"{}\": not a time above 0; write 90s, 10m or 2h", text));
  return number * units.at(unit);
}

std::string difference(const experiment::Experiment& before, const experiment::Experiment& now) {
  return first_difference("", identity(before), identity(now));
}

const char* example_experiment() {
  return R"(# An experiment for frugal optimize. Put this into experiment.yml, a program beside it, such as
# this train.py, which prints its metric on its last line as a number or as JSON,
#
#   import math, sys
#   lr, layers, share = map(float, sys.argv[1:])
#   print((math.log10(lr) + 2) ** 2 + (layers - 3) ** 2 / 10 + (1 - share) / 5)
#
# and say
#
#   frugal optimize -f experiment.yml -- python3 train.py {lr} {layers} {task_cost}

name: my program
metrics:
  - name: loss
    objective: minimize            # or maximize, the default
parameters:
  - name: lr
    type: double                   # double, int or categorical
    bounds: [0.0001, 1]
    transformation: log            # when factors matter more than differences
  - name: layers
    type: int
    bounds: [1, 8]
    default_value: 2               # defaults are tried first
#  - name: method
#    type: categorical
#    categorical_values: [sgd, adam]
observation_budget: 40             # full runs; or --budget 2h on the command line
parallel_bandwidth: 2              # programs at work side by side

# Cheaper tasks teach the optimizer at a part of the price: the program does {task_cost} of its
# work. Without tasks every run is a full one.
tasks:
  - {name: small, cost: 0.1}
  - {name: full, cost: 1}

# timeout: 10m                     # a trial that takes longer has failed
# metric_file: "{trial_folder}/metric.json"     # instead of standard output
# metric_regex: 'loss=(\S+)'       # instead of the last JSON line
)";
}

}  // namespace frugal::cli
