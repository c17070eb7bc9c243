#include "cli/study_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "cli/plan.h"
#include "cli/prices.h"
#include "cli/recipe_option.h"
#include "cli/yaml_lines.h"
#include "experiment/budget.h"
#include "optimizer/suggest.h"
#include "vision/augment/policy.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kMostSeeds = 50;

const std::vector<std::string> kStudyKeys = {
    "name",       "data",           "reader",  "weights", "budget",     "seeds",
    "baseline",   "resolution",     "epochs",  "task-by", "split-seed", "validation-share",
    "test-share", "price-per-hour", "machine", "spot",    "prices",     "arms"};
const std::vector<std::string> kArmKeys = {"name",   "strategy", "network",   "weights",   "tuned",
                                           "recipe", "augment",  "suggester", "resolution"};

class StudyDocument {
 public:
  explicit StudyDocument(const std::string& path) : path_(path) {
    const std::string text = read_file(path);
    json_ = path.ends_with(".json") ? parse_json(text, path) : parse_yaml(text, path);
    lines_ = lines_of(text);
    if (!json_.is_object())
      throw InputError(
          fmt::format("{}: expected a study, which has data, weights, budget, arms; "
                      "docs/compare.md describes it",
                      path));
  }

  DeclaredStudy read() const {
    check_keys(json_, "", kStudyKeys);
    DeclaredStudy study;
    study.name = std::filesystem::path(path_).stem().string();
    take_text("/name", study.name);
    take_text("/data", study.data.data);
    take_text("/reader", study.data.reader);
    take_weights(study);
    take_text("/budget", study.budget);
    take_seeds(study);
    take_text("/baseline", study.baseline);
    take_number("/resolution", study.resolution);
    take_number("/epochs", study.epochs);
    take_text("/task-by", study.task_by);
    take_number("/split-seed", study.split_seed);
    take_share("/validation-share", study.shares.validation);
    take_share("/test-share", study.shares.test);
    take_number("/price-per-hour", study.price.per_hour);
    take_text("/machine", study.price.machine);
    take_flag("/spot", study.price.spot);
    take_text("/prices", study.price.prices);
    take_arms(study);
    return study;
  }

  // Has something checked that the file says there, and tells the place when it is wrong.
  template <typename Check>
  void check(const std::string& pointer, Check checked) const {
    try {
      checked();
    } catch (const Error& error) {
      refuse(pointer, error.what());
    }
  }

  [[noreturn]] void refuse(const std::string& pointer, const std::string& words) const {
    throw InputError(fmt::format("{}: {}", place_of(path_, lines_, pointer, words), words));
  }

 private:
  const Json* find(const std::string& pointer) const {
    const Json::json_pointer place(pointer);
    return json_.contains(place) && !json_.at(place).is_null() ? &json_.at(place) : nullptr;
  }

  static std::string key_of(const std::string& pointer) {
    return pointer.substr(pointer.rfind('/') + 1);
  }

  void check_keys(const Json& object, const std::string& pointer,
                  const std::vector<std::string>& known) const {
    for (const auto& item : object.items()) {
      if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
      const std::string near = nearest(item.key(), known);
      refuse(pointer + "/" + item.key(),
             fmt::format("unknown key \"{}\"{}", item.key(),
                         near.empty() ? fmt::format("; known are {}", fmt::join(known, ", "))
                                      : fmt::format("; did you mean \"{}\"?", near)));
    }
  }

  void take_text(const std::string& pointer, std::string& value) const {
    const Json* json = find(pointer);
    if (json == nullptr) return;
    if (json->is_structured()) refuse(pointer, key_of(pointer) + " is a single value");
    value = json->is_string() ? json->get<std::string>() : json->dump();
  }

  void take_flag(const std::string& pointer, bool& value) const {
    const Json* json = find(pointer);
    if (json == nullptr) return;
    if (!json->is_boolean()) refuse(pointer, key_of(pointer) + " is true or false");
    value = json->get<bool>();
  }

  template <typename Number>
  void take_number(const std::string& pointer, Number& value) const {
    const Json* json = find(pointer);
    if (json == nullptr) return;
    const bool whole = std::is_integral_v<Number>;
    if (!json->is_number() || (whole && !json->is_number_integer()) || json->get<double>() < 0)
      refuse(pointer,
             fmt::format("{} is a {}number, not negative", key_of(pointer), whole ? "whole " : ""));
    value = json->get<Number>();
  }

  void take_share(const std::string& pointer, std::optional<double>& share) const {
    if (find(pointer) == nullptr) return;
    take_number(pointer, share.emplace());
    if (*share < 0.01 || *share > 0.8)
      refuse(pointer, key_of(pointer) + " lies between 0.01 and 0.8");
  }

  void take_weights(DeclaredStudy& study) const {
    const Json* json = find("/weights");
    if (json == nullptr) return;
    if (!json->is_object())
      refuse("/weights", "weights are a file for each network, such as resnet18: resnet18.pth");
    for (const auto& [network, file] : json->items())
      take_text("/weights/" + network, study.weights[network]);
  }

  void take_seeds(DeclaredStudy& study) const {
    const Json* json = find("/seeds");
    if (json == nullptr) return;
    const auto is_seed = [](const Json& seed) { return seed.is_number_integer() && seed >= 0; };
    if (is_seed(*json) && *json >= 1 && *json <= kMostSeeds) {
      study.seeds.resize(json->get<std::size_t>());
      for (std::size_t i = 0; i < study.seeds.size(); ++i) study.seeds[i] = i + 1;
      return;
    }
    if (!json->is_array() || json->empty() || json->size() > kMostSeeds ||
        !std::all_of(json->begin(), json->end(), is_seed))
      refuse("/seeds", fmt::format("seeds are how many (1 to {}), or a list of them", kMostSeeds));
    study.seeds = json->get<std::vector<std::uint64_t>>();
    if (std::set(study.seeds.begin(), study.seeds.end()).size() < study.seeds.size())
      refuse("/seeds", "a seed stands twice in seeds");
  }

  void take_arms(DeclaredStudy& study) const {
    const Json* json = find("/arms");
    if (json == nullptr || !json->is_array())
      refuse("/arms", "a study has arms: a list of what is to be compared");
    if (json->size() < 2)
      refuse("/arms", fmt::format("{} arm{}: there is nothing to compare; give two or more",
                                  json->size(), json->size() == 1 ? "" : "s"));
    std::set<std::string> folders;
    for (std::size_t i = 0; i < json->size(); ++i) {
      const std::string pointer = fmt::format("/arms/{}", i);
      DeclaredArm arm = read_arm(pointer);
      if (!folders.insert(folder_name(arm.name)).second)
        refuse(pointer, fmt::format("a second arm is called like \"{}\"", arm.name));
      for (const DeclaredArm& other : study.arms) {
        DeclaredArm renamed = arm;
        renamed.name = other.name;
        if (renamed == other)
          refuse(pointer, fmt::format("arm \"{}\" is the same as arm \"{}\": there is nothing to "
                                      "compare",
                                      arm.name, other.name));
      }
      study.arms.push_back(std::move(arm));
    }
  }

  DeclaredArm read_arm(const std::string& pointer) const {
    const Json& json = json_.at(Json::json_pointer(pointer));
    if (!json.is_object()) refuse(pointer, "an arm has a name and a strategy");
    check_keys(json, pointer, kArmKeys);
    DeclaredArm arm;
    std::string strategy;
    take_text(pointer + "/name", arm.name);
    take_text(pointer + "/strategy", strategy);
    take_text(pointer + "/network", arm.network);
    take_text(pointer + "/weights", arm.weights);
    take_flag(pointer + "/tuned", arm.tuned);
    take_text(pointer + "/recipe", arm.recipe);
    take_text(pointer + "/augment", arm.augment);
    take_text(pointer + "/suggester", arm.suggester);
    take_number(pointer + "/resolution", arm.resolution);
    if (folder_name(arm.name).empty()) refuse(pointer, "an arm needs a name");
    check(pointer + "/strategy", [&] { arm.strategy = train::strategy_named(strategy); });
    check(pointer + "/recipe", [&] { recipe_named(arm.recipe, arm.strategy); });
    check_augmentation(pointer + "/augment", arm);
    check_suggester(pointer + "/suggester", arm);
    return arm;
  }

  void check_augmentation(const std::string& pointer, const DeclaredArm& arm) const {
    if (arm.augment.empty()) return;
    if (arm.strategy == train::Strategy::kFeatures)
      refuse(pointer,
             "augment is of fine-tuning: a head on frozen features tunes what views it "
             "reads; leave augment out");
    check(pointer, [&] {
      const auto policy = augment::policy_named(arm.augment);
      if (!arm.tuned && !augment::open_parameters(policy).empty())
        throw InputError(fmt::format(
            "augment \"{}\" has ranges to be tuned, but the arm is untuned", arm.augment));
    });
  }

  void check_suggester(const std::string& pointer, const DeclaredArm& arm) const {
    const auto names = optimizer::suggester_names();
    if (std::find(names.begin(), names.end(), arm.suggester) != names.end()) return;
    const std::string near = nearest(arm.suggester, names);
    refuse(pointer, fmt::format("unknown suggester \"{}\"{}", arm.suggester,
                                near.empty() ? fmt::format("; there are {}", fmt::join(names, ", "))
                                             : fmt::format("; did you mean \"{}\"?", near)));
  }

  std::string path_;
  Json json_;
  Lines lines_;
};

void overrule(DeclaredStudy& study, const CompareOptions& options) {
  if (!options.data.data.empty()) study.data.data = options.data.data;
  if (!options.data.reader.empty()) study.data.reader = options.data.reader;
  study.data.strict = options.data.strict;
  for (const std::string& file : options.weights) study.weights[train::network_of(file)] = file;
  if (!options.budget.empty()) study.budget = options.budget;
  if (options.seeds > 0) {
    study.seeds.resize(options.seeds);
    for (std::size_t i = 0; i < study.seeds.size(); ++i) study.seeds[i] = i + 1;
  }
  if (!options.price.machine.empty()) study.price.machine = options.price.machine;
  if (!options.price.prices.empty()) study.price.prices = options.price.prices;
  if (options.price.per_hour > 0) study.price.per_hour = options.price.per_hour;
  study.price.spot = study.price.spot || options.price.spot;
}

void check_whole(const StudyDocument& document, const DeclaredStudy& study) {
  if (study.data.data.empty()) document.refuse("", "data is missing: give it, or --data");
  if (study.budget.empty()) document.refuse("", "budget is missing: give it, or --budget");
  document.check("/budget", [&] {
    const auto budget = experiment::parse_budget(study.budget);
    const auto seconds = experiment::seconds_allowed(budget, price_of(study.price).per_hour);
    if (!seconds && (study.epochs <= 0 || study.resolution == 0))
      throw InputError(
          "budget: runs alone need epochs and resolution in the study, so that every arm's runs "
          "are alike; or give minutes or dollars");
  });
  document.check("/task-by", [&] {
    if (!study.task_by.empty()) task_by_named(study.task_by);
  });
  if (!study.baseline.empty() &&
      std::none_of(study.arms.begin(), study.arms.end(),
                   [&](const DeclaredArm& arm) { return arm.name == study.baseline; })) {
    std::vector<std::string> names;
    for (const DeclaredArm& arm : study.arms) names.push_back(arm.name);
    const std::string near = nearest(study.baseline, names);
    document.refuse("/baseline",
                    fmt::format("no arm is called \"{}\"{}", study.baseline,
                                near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }
}

}  // namespace

DeclaredStudy read_study_file(const CompareOptions& options) {
  const StudyDocument document(options.study);
  DeclaredStudy study = document.read();
  overrule(study, options);
  check_whole(document, study);
  return study;
}

std::string folder_name(const std::string& arm) {
  std::string name;
  for (const char c : arm) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (kept)
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (name.ends_with('-') || name.ends_with('.')) name.pop_back();
  return name.starts_with('.') ? "-" + name : name;
}

}  // namespace frugal::cli
