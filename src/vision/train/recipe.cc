#include "vision/train/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/policy.h"

namespace frugal::train {
namespace {

template <typename Enum>
using Names = std::vector<std::pair<Enum, std::string>>;

const Names<Strategy> kStrategies = {{Strategy::kFineTune, "fine-tune"},
                                     {Strategy::kFeatures, "features"}};
const Names<Schedule> kSchedules = {{Schedule::kPlateau, "plateau"},
                                    {Schedule::kCosine, "cosine"},
                                    {Schedule::kLinear, "linear"},
                                    {Schedule::kOneCycle, "one-cycle"},
                                    {Schedule::kStable, "warmup-stable-decay"}};
const Names<TestView> kTestViews = {{TestView::kCenter, "center"}, {TestView::kWhole, "whole"}};
const Names<HeadStart> kHeadStarts = {{HeadStart::kZero, "zero"}, {HeadStart::kRidge, "ridge"}};
const Names<Head> kHeads = {{Head::kSgd, "sgd"},
                            {Head::kRidge, "ridge"},
                            {Head::kLda, "lda"},
                            {Head::kLogistic, "logistic"}};

const Names<Frozen> kFrozen = {{Frozen::kNone, "none"},
                               {Frozen::kLayer1, "layer1"},
                               {Frozen::kLayer2, "layer2"},
                               {Frozen::kLayer3, "layer3"}};

template <typename Enum>
std::string name_of(const Names<Enum>& names, Enum value) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  FRUGAL_CHECK(false, "an enumeration without a name");
}

template <typename Enum>
Enum value_named(const Names<Enum>& names, const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [value, text] : names) {
    if (text == name) return value;
    known.push_back(text);
  }
  throw InputError(fmt::format("{}: \"{}\" is none of {}", where, name, fmt::join(known, ", ")));
}

// Every key of a recipe, its field and its range: the one list that reading and writing share.
template <typename AnyRecipe, typename Visitor>
void visit(AnyRecipe& recipe, Visitor&& v) {
  v.choice("strategy", recipe.strategy, kStrategies);
  v.text("network", recipe.network);
  v.whole("height", recipe.height, 16, 4096);
  v.whole("width", recipe.width, 16, 4096);
  v.number("epochs", recipe.epochs, 1e-6, 1e6);
  v.number("learning_rate", recipe.learning_rate, 0, 1000);
  v.number("momentum", recipe.momentum, 0, 1);
  v.boolean("nesterov", recipe.nesterov);
  v.number("weight_decay", recipe.weight_decay, 0, 1000);
  v.whole("batch_exponent", recipe.batch_exponent, 1, 16);
  v.choice("schedule", recipe.schedule, kSchedules);
  v.number("plateau_factor", recipe.plateau_factor, 0, 1);
  v.whole("plateau_patience", recipe.plateau_patience, 0, 1e6);
  v.number("warmup", recipe.warmup, 0, 1);
  v.number("warmup_epochs", recipe.warmup_epochs, 0, 1000);
  v.number("decay", recipe.decay, 0, 1);
  v.number("head_rate", recipe.head_rate, 0, 1000);
  v.number("layer_decay", recipe.layer_decay, 0, 1);
  v.number("label_smoothing", recipe.label_smoothing, 0, 1);
  v.number("weight_averaging", recipe.weight_averaging, 0, 0.99999);
  v.number("start_scale", recipe.start_scale, 0.25, 1);
  v.choice("test_view", recipe.test_view, kTestViews);
  v.choice("head_start", recipe.head_start, kHeadStarts);
  v.whole("feature_layers", recipe.feature_layers, 1, 4);
  v.choice("frozen", recipe.frozen, kFrozen);
  v.whole("feature_views", recipe.feature_views, 1, 64);
  v.boolean("flip_test", recipe.flip_test);
  v.choice("head", recipe.head, kHeads);
  v.number("ridge_penalty", recipe.ridge_penalty, 0, 1000);
  v.number("lda_shrinkage", recipe.lda_shrinkage, 0, 1);
  v.number("logistic_penalty", recipe.logistic_penalty, 0, 1000);
  v.policy("augment", recipe.augment);
  v.text("precision", recipe.precision);
  v.whole("seed", recipe.seed, 0, 0x1p53);
}

struct Writer {
  Json& json;

  void text(const char* key, const std::string& value) { json[key] = value; }
  void boolean(const char* key, bool value) { json[key] = value; }
  void number(const char* key, double value, double, double) { json[key] = value; }
  // A policy that is no name stands there as JSON, not as text.
  void policy(const char* key, const std::string& value) {
    json[key] = value.starts_with('{') ? parse_json(value, key) : Json(value);
  }
  template <typename Integer>
  void whole(const char* key, Integer value, double, double) {
    json[key] = value;
  }
  template <typename Enum>
  void choice(const char* key, Enum value, const Names<Enum>& names) {
    json[key] = name_of(names, value);
  }
};

struct Reader {
  const Json& json;
  std::string_view where;
  std::vector<std::string> known = {};

  // nullptr when the key is absent.
  const Json* find(const char* key) {
    known.emplace_back(key);
    const auto it = json.find(key);
    return it == json.end() ? nullptr : &*it;
  }
  [[noreturn]] void fail(const char* key, const Json& value, const std::string& expected) const {
    throw InputError(fmt::format("{}: {} must be {}, not {}", where, key, expected, value.dump()));
  }

  void text(const char* key, std::string& field) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_string()) fail(key, *value, "text");
    field = value->get<std::string>();
  }
  void policy(const char* key, std::string& field) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (value->is_object())
      field = value->dump();
    else if (value->is_string())
      field = value->get<std::string>();
    else
      fail(key, *value, "a policy: a name, a file, or transforms");
  }
  void boolean(const char* key, bool& field) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (*value != true && *value != false && *value != "true" && *value != "false")
      fail(key, *value, "true or false");
    field = *value == true || *value == "true";
  }
  void number(const char* key, double& field, double min, double max) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const double read = value->is_number() ? value->get<double>() : NAN;
    if (!(read >= min && read <= max))
      fail(key, *value, fmt::format("a number from {:g} to {:g}", min, max));
    field = read;
  }
  template <typename Integer>
  void whole(const char* key, Integer& field, double min, double max) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const double read = value->is_number() ? value->get<double>() : NAN;
    if (!(read >= min && read <= max && read == std::floor(read)))
      fail(key, *value, fmt::format("a whole number from {:.0f} to {:.0f}", min, max));
    field = static_cast<Integer>(read);
  }
  template <typename Enum>
  void choice(const char* key, Enum& field, const Names<Enum>& names) {
    std::string name = name_of(names, field);
    text(key, name);
    field = value_named(names, name, fmt::format("{}: {}", where, key));
  }
};

Json range(const char* name, const char* type, const Json& min, const Json& max) {
  return {{"name", name}, {"type", type}, {"bounds", {{"min", min}, {"max", max}}}};
}

Json log_range(const char* name, double min, double max) {
  Json parameter = range(name, "double", min, max);
  parameter["transformation"] = "log";
  return parameter;
}

Json study_parameters() {
  return Json::array({log_range("learning_rate", std::exp(-9.21), 1),
                      log_range("weight_decay", std::exp(-11.33), 1),
                      range("momentum", "double", 0.001, 0.9),
                      {{"name", "nesterov"},
                       {"type", "categorical"},
                       {"categorical_values", Json::array({"true", "false"})}},
                      range("batch_exponent", "int", 4, 8),
                      range("plateau_factor", "double", 0, 0.99),
                      range("plateau_patience", "int", 0, 20)});
}

bool has_others(const Json& json, const std::vector<std::string>& known) {
  for (const auto& [key, value] : json.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) return true;
  return false;
}

// What is open in the recipe's policy and set by the json; known: gets the names of all that is
// open.
void set_open_parameters(Recipe& recipe, const Json& json, std::string_view where,
                         std::vector<std::string>& known) {
  const augment::Policy policy = augment::policy_named(recipe.augment);
  std::map<std::string, double> values;
  for (const augment::OpenParameter& parameter : augment::open_parameters(policy)) {
    known.push_back(parameter.name);
    const auto value = json.find(parameter.name);
    if (value == json.end()) continue;
    if (!value->is_number())
      throw InputError(fmt::format("{}: {} must be a number from {:g} to {:g}, not {}", where,
                                   parameter.name, parameter.interval.min, parameter.interval.max,
                                   value->dump()));
    values[parameter.name] = value->get<double>();
  }
  if (!values.empty())
    recipe.augment = augment::to_json(augment::with_values(policy, values, where)).dump();
}

Json fine_tuning_parameters() {
  return Json::array({log_range("learning_rate", 0.001, 0.3), log_range("head_rate", 0.5, 30),
                      range("layer_decay", "double", 0.4, 1), log_range("weight_decay", 1e-6, 1e-2),
                      range("momentum", "double", 0.7, 0.97),
                      range("label_smoothing", "double", 0, 0.3),
                      range("batch_exponent", "int", 3, 6)});
}

}  // namespace

std::string to_string(Strategy strategy) {
  return name_of(kStrategies, strategy);
}
std::string to_string(Schedule schedule) {
  return name_of(kSchedules, schedule);
}
std::string to_string(TestView view) {
  return name_of(kTestViews, view);
}
std::string to_string(HeadStart start) {
  return name_of(kHeadStarts, start);
}
std::string to_string(Frozen frozen) {
  return name_of(kFrozen, frozen);
}
std::string to_string(Head head) {
  return name_of(kHeads, head);
}

Strategy strategy_named(const std::string& name) {
  return value_named(kStrategies, name, "strategy");
}

Recipe study_recipe(Strategy strategy) {
  Recipe recipe{.strategy = strategy};
  if (strategy == Strategy::kFeatures) {
    recipe.epochs = 35;
    recipe.batch_exponent = 7;
    recipe.head_start = HeadStart::kZero;
  }
  return recipe;
}

Recipe default_recipe(Strategy strategy) {
  Recipe recipe = study_recipe(strategy);
  if (strategy == Strategy::kFeatures) return recipe;
  recipe.schedule = Schedule::kOneCycle;
  recipe.learning_rate = 0.05;
  recipe.nesterov = true;
  recipe.weight_decay = 2e-3;
  recipe.head_rate = 5;
  recipe.label_smoothing = 0.1;
  recipe.flip_test = true;
  return recipe;
}

Json to_json(const Recipe& recipe) {
  Json json = Json::object();
  visit(recipe, Writer{json});
  return json;
}

Recipe recipe_from_json(const Json& json, const Recipe& base, std::string_view where) {
  if (!json.is_object()) throw InputError(fmt::format("{}: a recipe must be an object", where));
  Recipe recipe = base;
  if (json.contains("learning_rate")) recipe.head = Head::kSgd;
  Reader reader{json, where};
  visit(recipe, reader);
  if (has_others(json, reader.known)) set_open_parameters(recipe, json, where, reader.known);
  require_known_keys(json, reader.known, where);
  if (recipe.precision != "bf16" && recipe.precision != "fp32" && recipe.precision != "int8")
    throw InputError(fmt::format("{}: precision must be bf16, fp32 or int8, not \"{}\"", where,
                                 recipe.precision));
  if (recipe.strategy == Strategy::kFineTune && recipe.head != Head::kSgd)
    throw InputError(
        fmt::format("{}: head \"{}\" needs frozen features: strategy: features, or head: sgd",
                    where, to_string(recipe.head)));
  if (recipe.strategy == Strategy::kFineTune && recipe.feature_layers != 1)
    throw InputError(fmt::format("{}: feature_layers {} needs strategy: features", where,
                                 recipe.feature_layers));
  if (recipe.frozen != Frozen::kNone && recipe.strategy != Strategy::kFineTune)
    throw InputError(
        fmt::format("{}: frozen {} needs strategy: fine-tune", where, to_string(recipe.frozen)));
  if (recipe.frozen != Frozen::kNone && recipe.start_scale < 1)
    throw InputError(fmt::format(
        "{}: what frozen layers give is computed at one size: frozen {} needs start_scale: 1",
        where, to_string(recipe.frozen)));
  if (recipe.nesterov && recipe.momentum == 0)
    throw InputError(fmt::format("{}: nesterov needs a momentum above 0", where));
  return recipe;
}

Json tuned_parameters(const Recipe& recipe) {
  Json parameters =
      recipe.schedule == Schedule::kPlateau ? study_parameters() : fine_tuning_parameters();
  for (Json& open : augment::search_parameters(augment::policy_named(recipe.augment)))
    parameters.push_back(std::move(open));
  return parameters;
}

}  // namespace frugal::train
