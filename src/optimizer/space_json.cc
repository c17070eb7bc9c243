// SigOpt's wire form of spaces and assignments.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "optimizer/space.h"

namespace frugal::optimizer {
namespace {

[[noreturn]] void refuse(std::string_view where, const std::string& why) {
  throw InputError(fmt::format("{}: {}", where, why));
}

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json& need(const Json& object, const char* key, std::string_view where) {
  const Json* found = find(object, key);
  if (!found) refuse(where, fmt::format("\"{}\" is missing", key));
  return *found;
}

std::string text(const Json& json, std::string_view where, std::string_view what) {
  if (!json.is_string()) refuse(where, fmt::format("{} must be a text", what));
  return json.get<std::string>();
}

double number(const Json& json, std::string_view where, std::string_view what) {
  if (!json.is_number()) refuse(where, fmt::format("{} must be a number", what));
  return json.get<double>();
}

const Json& list(const Json& json, std::string_view where, std::string_view what) {
  if (!json.is_array()) refuse(where, fmt::format("{} must be a list", what));
  return json;
}

void need_object(const Json& json, std::string_view where, std::string_view what) {
  if (!json.is_object()) refuse(where, fmt::format("{} must be an object", what));
}

Json value_json(const Value& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

Value value_from(const Json& json, ParameterType type, std::string_view where,
                 const std::string& name) {
  if (type == ParameterType::kCategorical) return text(json, where, name);
  const double value = number(json, where, name);
  if (type == ParameterType::kDouble) return value;
  if (json.is_number_integer() &&
      !(json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX))
    return json.get<std::int64_t>();
  if (value != std::floor(value) || std::abs(value) > 0x1p53)
    refuse(where, fmt::format("{} must be a whole number", name));
  return static_cast<std::int64_t>(value);
}

const char* type_name(ParameterType type) {
  switch (type) {
    case ParameterType::kDouble:
      return "double";
    case ParameterType::kInt:
      return "int";
    case ParameterType::kCategorical:
      return "categorical";
  }
  return "";
}

Json number_json(double value, ParameterType type) {
  return type == ParameterType::kInt ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json to_json(const Parameter& p) {
  Json json = {{"name", p.name}, {"type", type_name(p.type)}};
  if (p.type == ParameterType::kCategorical) {
    json["categorical_values"] = Json::array();
    for (std::size_t i = 0; i < p.categories.size(); ++i)
      json["categorical_values"].push_back({{"name", p.categories[i]}, {"enum_index", i + 1}});
  } else if (!p.grid.empty()) {
    json["grid"] = Json::array();
    for (double value : p.grid) json["grid"].push_back(number_json(value, p.type));
  } else {
    json["bounds"] = {{"min", number_json(p.min, p.type)}, {"max", number_json(p.max, p.type)}};
  }
  if (p.log) json["transformation"] = "log";
  if (p.prior) {
    if (const auto* normal = std::get_if<NormalPrior>(&*p.prior))
      json["prior"] = {{"name", "normal"}, {"mean", normal->mean}, {"scale", normal->scale}};
    else if (const auto* beta = std::get_if<BetaPrior>(&*p.prior))
      json["prior"] = {{"name", "beta"}, {"shape_a", beta->shape_a}, {"shape_b", beta->shape_b}};
  }
  if (p.default_value) json["default_value"] = value_json(*p.default_value);
  if (!p.conditions.empty()) json["conditions"] = p.conditions;
  return json;
}

std::variant<NormalPrior, BetaPrior> prior_from(const Json& json, const std::string& where) {
  need_object(json, where, "prior");
  require_known_keys(json, {"name", "mean", "scale", "shape_a", "shape_b", "object"}, where);
  const std::string name = text(need(json, "name", where), where, "prior.name");
  const auto entry = [&](const char* key) { return number(need(json, key, where), where, key); };
  if (name == "normal") return NormalPrior{entry("mean"), entry("scale")};
  if (name == "beta") return BetaPrior{entry("shape_a"), entry("shape_b")};
  refuse(where, fmt::format("the prior \"{}\" is neither \"normal\" nor \"beta\"", name));
}

ParameterType type_from(const std::string& name, const std::string& where) {
  for (auto type : {ParameterType::kDouble, ParameterType::kInt, ParameterType::kCategorical})
    if (name == type_name(type)) return type;
  refuse(where, fmt::format("the type \"{}\" is none of double, int, categorical", name));
}

std::vector<std::string> categories_from(const Json& json, const std::string& where) {
  std::vector<std::string> categories;
  for (const Json& item : list(json, where, "categorical_values"))
    categories.push_back(
        text(item.is_object() ? need(item, "name", where) : item, where, "a category"));
  return categories;
}

Parameter parameter_from(const Json& json, std::string_view outer) {
  need_object(json, outer, "a parameter");
  Parameter p;
  p.name = text(need(json, "name", outer), outer, "a parameter's name");
  const std::string where = fmt::format("{}: parameter {}", outer, p.name);
  require_known_keys(json,
                     {"name", "type", "bounds", "grid", "categorical_values", "transformation",
                      "prior", "default_value", "conditions", "object", "precision", "tunable"},
                     where);
  p.type = type_from(text(need(json, "type", where), where, "type"), where);
  const bool is_category = p.type == ParameterType::kCategorical;
  const Json* bounds = find(json, "bounds");
  const Json* grid = find(json, "grid");
  const Json* categories = find(json, "categorical_values");
  if (is_category && (bounds || grid)) refuse(where, "a categorical has neither bounds nor a grid");
  if (!is_category && categories) refuse(where, "only a categorical has categorical_values");
  if (bounds && grid) refuse(where, "give bounds or a grid, not both");
  if (is_category) {
    p.categories = categories_from(need(json, "categorical_values", where), where);
  } else if (grid) {
    for (const Json& item : list(*grid, where, "grid"))
      p.grid.push_back(number(item, where, "a grid value"));
    if (p.grid.empty()) refuse(where, "the grid is empty");
  } else {
    const Json& limits = need(json, "bounds", where);
    need_object(limits, where, "bounds");
    require_known_keys(limits, {"min", "max", "object"}, where);
    p.min = number(need(limits, "min", where), where, "bounds.min");
    p.max = number(need(limits, "max", where), where, "bounds.max");
  }
  if (const Json* transformation = find(json, "transformation")) {
    const std::string name = text(*transformation, where, "transformation");
    if (name != "log" && name != "none")
      refuse(where, fmt::format("the transformation \"{}\" is neither \"log\" nor \"none\"", name));
    p.log = name == "log";
  }
  if (const Json* prior = find(json, "prior")) p.prior = prior_from(*prior, where);
  if (const Json* value = find(json, "default_value"))
    p.default_value = value_from(*value, p.type, where, "default_value");
  if (const Json* conditions = find(json, "conditions")) {
    need_object(*conditions, where, "conditions");
    for (const auto& [name, allowed] : conditions->items()) {
      if (allowed.is_string())
        p.conditions[name] = {allowed.get<std::string>()};
      else
        for (const Json& item : list(allowed, where, "conditions." + name))
          p.conditions[name].push_back(text(item, where, "conditions." + name));
    }
  }
  return p;
}

Conditional conditional_from(const Json& json, std::string_view where) {
  need_object(json, where, "a conditional");
  require_known_keys(json, {"name", "values", "object"}, where);
  Conditional conditional;
  conditional.name = text(need(json, "name", where), where, "a conditional's name");
  for (const Json& item : list(need(json, "values", where), where, "a conditional's values"))
    conditional.values.push_back(
        text(item.is_object() ? need(item, "name", where) : item, where, "a conditional's value"));
  return conditional;
}

LinearConstraint constraint_from(const Json& json, std::string_view where) {
  need_object(json, where, "a linear constraint");
  require_known_keys(json, {"type", "threshold", "terms", "object"}, where);
  LinearConstraint constraint;
  const std::string type = text(need(json, "type", where), where, "a linear constraint's type");
  if (type != "less_than" && type != "greater_than")
    refuse(where, "a linear constraint's type must be less_than or greater_than");
  constraint.less_than = type == "less_than";
  constraint.threshold = number(need(json, "threshold", where), where, "threshold");
  for (const Json& term : list(need(json, "terms", where), where, "terms")) {
    need_object(term, where, "a term");
    require_known_keys(term, {"name", "weight", "object"}, where);
    const std::string name = text(need(term, "name", where), where, "a term's name");
    const double weight = number(need(term, "weight", where), where, "weight");
    if (!constraint.weights.emplace(name, weight).second)
      refuse(where, fmt::format("{} stands twice in a linear constraint", name));
  }
  return constraint;
}

}  // namespace

Json to_json(const Space& space) {
  Json json = {{"parameters", Json::array()}};
  for (const Parameter& parameter : space.parameters())
    json["parameters"].push_back(to_json(parameter));
  for (const Conditional& conditional : space.conditionals())
    json["conditionals"].push_back({{"name", conditional.name}, {"values", conditional.values}});
  for (const LinearConstraint& constraint : space.constraints()) {
    Json terms = Json::array();
    for (const auto& [name, weight] : constraint.weights)
      terms.push_back({{"name", name}, {"weight", weight}});
    json["linear_constraints"].push_back(
        {{"type", constraint.less_than ? "less_than" : "greater_than"},
         {"threshold", constraint.threshold},
         {"terms", terms}});
  }
  return json;
}

Space space_from_json(const Json& json, std::string_view where) {
  need_object(json, where, "an experiment");
  std::vector<Parameter> parameters;
  for (const Json& item : list(need(json, "parameters", where), where, "parameters"))
    parameters.push_back(parameter_from(item, where));
  std::vector<Conditional> conditionals;
  if (const Json* items = find(json, "conditionals"))
    for (const Json& item : list(*items, where, "conditionals"))
      conditionals.push_back(conditional_from(item, where));
  std::vector<LinearConstraint> constraints;
  if (const Json* items = find(json, "linear_constraints"))
    for (const Json& item : list(*items, where, "linear_constraints"))
      constraints.push_back(constraint_from(item, where));
  try {
    return Space(parameters, conditionals, constraints);
  } catch (const InputError& error) {
    refuse(where, error.what());
  }
}

Json to_json(const Assignments& assignments) {
  Json json = Json::object();
  for (const auto& [name, value] : assignments) json[name] = value_json(value);
  return json;
}

Assignments stored_assignments_from_json(const Json& json, const Space& space,
                                         std::string_view where) {
  need_object(json, where, "assignments");
  Assignments assignments;
  for (const auto& [name, value] : json.items()) {
    if (value.is_null()) continue;
    ParameterType type = value.is_string() ? ParameterType::kCategorical : ParameterType::kDouble;
    for (const Conditional& conditional : space.conditionals())
      if (conditional.name == name) type = ParameterType::kCategorical;
    for (const Parameter& parameter : space.parameters())
      if (parameter.name == name) type = parameter.type;
    assignments[name] = value_from(value, type, where, name);
  }
  return assignments;
}

Assignments assignments_from_json(const Json& json, const Space& space, std::string_view where) {
  Assignments assignments = stored_assignments_from_json(json, space, where);
  try {
    space.validate(assignments);
  } catch (const InputError& error) {
    refuse(where, error.what());
  }
  return assignments;
}

}  // namespace frugal::optimizer
