#include "optimizer/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "optimizer/constraint.h"
#include "optimizer/encode.h"

namespace frugal::optimizer {
namespace {

constexpr double kNarrowest = 1e-7;  // of the bounds' size; keys have ten digits

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw InputError(fmt::format("parameter {}: {}", name, why));
}

template <typename T>
bool is_distinct(const std::vector<T>& values) {
  return std::set<T>(values.begin(), values.end()).size() == values.size();
}

bool is_whole(double value) {
  return std::isfinite(value) && value == std::floor(value);
}

void check_prior(const Parameter& p) {
  if (p.type != ParameterType::kDouble || p.log || !p.grid.empty())
    refuse(p.name, "a prior needs type double, without log and without a grid");
  if (const auto* normal = std::get_if<NormalPrior>(&*p.prior)) {
    if (!(normal->scale > 0) || !std::isfinite(normal->scale))
      refuse(p.name, "the normal prior's scale must be above 0");
    if (!(normal->mean >= p.min && normal->mean <= p.max))
      refuse(p.name, "the normal prior's mean must lie inside the bounds");
  } else {
    const auto& beta = std::get<BetaPrior>(*p.prior);
    if (!(beta.shape_a > 0 && beta.shape_b > 0 && std::isfinite(beta.shape_a + beta.shape_b)))
      refuse(p.name, "the beta prior's shapes must be above 0");
  }
}

// Numbers only. Sorts the grid and takes the bounds from it.
void check_number(Parameter& p) {
  if (!p.categories.empty()) refuse(p.name, "only a categorical parameter has categories");
  for (double value : p.grid)
    if (!std::isfinite(value)) refuse(p.name, "the grid must hold finite numbers");
  if (!p.grid.empty()) {
    std::sort(p.grid.begin(), p.grid.end());
    if (!is_distinct(p.grid)) refuse(p.name, "the grid holds a number twice");
    p.min = p.grid.front(), p.max = p.grid.back();
  }
  if (!std::isfinite(p.min) || !std::isfinite(p.max) || !std::isfinite(p.max - p.min))
    refuse(p.name, "the bounds must be finite numbers");
  if (p.min > p.max)
    refuse(p.name, fmt::format("min {} is above max {}: exchange the bounds", p.min, p.max));
  const double reach = std::max(std::abs(p.min), std::abs(p.max));
  if (p.type == ParameterType::kDouble && p.grid.empty() && p.min < p.max &&
      p.max - p.min < kNarrowest * reach)
    refuse(p.name, fmt::format("the bounds {} and {} are so near each other that their values look "
                               "the same: tune the difference from one of them",
                               p.min, p.max));
  if (p.type == ParameterType::kInt) {
    const auto fits = [](double value) { return is_whole(value) && std::abs(value) <= 0x1p53; };
    if (!fits(p.min) || !fits(p.max) || !std::all_of(p.grid.begin(), p.grid.end(), fits))
      refuse(p.name, "bounds and grid of an int must be whole numbers");
    if (p.log) refuse(p.name, "log needs type double");
  }
  if (p.log && !(p.min > 0)) refuse(p.name, "a logarithmic scale needs bounds above 0");
  if (p.prior) check_prior(p);
}

void check_value(const Parameter& p, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (p.type == ParameterType::kCategorical) {
    if (!text) refuse(p.name, "its value must be one of its categories, a text");
    if (std::find(p.categories.begin(), p.categories.end(), *text) == p.categories.end())
      refuse(p.name, fmt::format("\"{}\" is none of its categories: {}", *text,
                                 fmt::join(p.categories, ", ")));
    return;
  }
  const auto* integer = std::get_if<std::int64_t>(&value);
  if (text || (p.type == ParameterType::kInt) != (integer != nullptr))
    refuse(p.name, p.type == ParameterType::kInt ? "its value must be a whole number"
                                                 : "its value must be a number");
  const double number = integer ? double(*integer) : std::get<double>(value);
  if (!std::isfinite(number)) refuse(p.name, "its value must be a finite number");
  if (p.log && !(number > 0)) refuse(p.name, fmt::format("{} is not above 0 (log scale)", number));
  const auto close = [&](double g) { return std::abs(g - number) <= 1e-9 * std::abs(g); };
  if (!p.grid.empty() && std::none_of(p.grid.begin(), p.grid.end(), close))
    refuse(p.name, fmt::format("{} is not in its grid: {}", number, fmt::join(p.grid, ", ")));
}

void check_conditionals(const std::vector<Conditional>& conditionals) {
  std::set<std::string> names;
  for (const Conditional& conditional : conditionals) {
    if (conditional.name.empty()) throw InputError("a conditional has no name");
    if (!names.insert(conditional.name).second)
      throw InputError(fmt::format("the conditional {} stands twice", conditional.name));
    if (conditional.values.empty() || !is_distinct(conditional.values))
      throw InputError(fmt::format("conditional {}: needs distinct values", conditional.name));
  }
}

void check_conditions(const Parameter& p, const std::vector<Conditional>& conditionals) {
  for (const auto& [name, values] : p.conditions) {
    const auto named = [&name = name](const Conditional& c) { return c.name == name; };
    const auto conditional = std::find_if(conditionals.begin(), conditionals.end(), named);
    if (conditional == conditionals.end())
      refuse(p.name, fmt::format("its condition names \"{}\", which is no conditional", name));
    if (values.empty()) refuse(p.name, fmt::format("its condition on {} has no value", name));
    for (const std::string& value : values)
      if (std::find(conditional->values.begin(), conditional->values.end(), value) ==
          conditional->values.end())
        refuse(p.name, fmt::format("\"{}\" is no value of the conditional {}", value, name));
  }
}

bool is_active(const Parameter& parameter, const Assignments& assignments) {
  for (const auto& [name, values] : parameter.conditions) {
    const auto found = assignments.find(name);
    const auto* text =
        found == assignments.end() ? nullptr : std::get_if<std::string>(&found->second);
    if (!text || std::find(values.begin(), values.end(), *text) == values.end()) return false;
  }
  return true;
}

double number_of(const Value& value) {
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer ? double(*integer) : std::get<double>(value);
}

void check_constraint(const LinearConstraint& constraint,
                      const std::vector<Parameter>& parameters) {
  if (!std::isfinite(constraint.threshold))
    throw InputError("a linear constraint's threshold must be a finite number");
  if (constraint.weights.empty()) throw InputError("a linear constraint has no terms");
  std::optional<ParameterType> type;
  for (const auto& [name, weight] : constraint.weights) {
    const auto named = [&name = name](const Parameter& p) { return p.name == name; };
    const auto p = std::find_if(parameters.begin(), parameters.end(), named);
    if (p == parameters.end()) refuse(name, "stands in a linear constraint but is unknown");
    if (p->type == ParameterType::kCategorical || p->log || !p->grid.empty() ||
        !p->conditions.empty())
      refuse(name,
             "a linear constraint takes only doubles or ints without log, grid and conditions");
    if (!std::isfinite(weight)) refuse(name, "its weight must be a finite number");
    if (type && *type != p->type) refuse(name, "a linear constraint mixes double and int");
    type = p->type;
  }
  if (!std::isfinite(magnitude_of(constraint, parameters)))
    throw InputError(fmt::format("the linear constraint {} goes beyond the range of numbers",
                                 words(constraint)));
}

}  // namespace

Space::Space(std::vector<Parameter> parameters, std::vector<Conditional> conditionals,
             std::vector<LinearConstraint> constraints)
    : parameters_(std::move(parameters)),
      conditionals_(std::move(conditionals)),
      constraints_(std::move(constraints)) {
  if (parameters_.empty()) throw InputError("a search space needs at least one parameter");
  check_conditionals(conditionals_);
  std::set<std::string> names;
  for (const Conditional& conditional : conditionals_) names.insert(conditional.name);
  for (Parameter& p : parameters_) {
    if (p.name.empty()) throw InputError("a parameter has no name");
    if (!names.insert(p.name).second)
      refuse(p.name, "stands twice (names of parameters and conditionals must differ)");
    if (p.type == ParameterType::kCategorical) {
      if (p.categories.empty()) refuse(p.name, "needs at least one category");
      if (!is_distinct(p.categories)) refuse(p.name, "a category stands twice");
      if (p.log || p.prior || !p.grid.empty())
        refuse(p.name, "a category has no log, prior or grid");
    } else {
      check_number(p);
    }
    check_conditions(p, conditionals_);
    if (p.default_value) check_value(p, *p.default_value);
  }
  for (const LinearConstraint& constraint : constraints_) check_constraint(constraint, parameters_);
  if (!constraints_.empty()) feasible_point_ = find_feasible_point(parameters_, constraints_);
}

void Space::validate(const Assignments& assignments) const {
  std::set<std::string> known;
  for (const Conditional& conditional : conditionals_) {
    known.insert(conditional.name);
    const auto found = assignments.find(conditional.name);
    if (found == assignments.end())
      throw InputError(fmt::format("the conditional {} is missing", conditional.name));
    const auto* text = std::get_if<std::string>(&found->second);
    if (!text || std::find(conditional.values.begin(), conditional.values.end(), *text) ==
                     conditional.values.end())
      throw InputError(fmt::format("conditional {}: its value must be one of {}", conditional.name,
                                   fmt::join(conditional.values, ", ")));
  }
  for (const Parameter& p : parameters_) {
    known.insert(p.name);
    const auto found = assignments.find(p.name);
    const bool active = is_active(p, assignments);
    if (!active && found != assignments.end())
      refuse(p.name, "is given, but the conditionals make it inactive: leave it out");
    if (active && found == assignments.end()) refuse(p.name, "is missing");
    if (active) check_value(p, found->second);
  }
  for (const auto& [name, value] : assignments) {
    if (known.contains(name)) continue;
    const std::string near = nearest(name, {known.begin(), known.end()});
    refuse(name,
           near.empty() ? "is unknown" : fmt::format("is unknown; did you mean \"{}\"?", near));
  }
  for (const LinearConstraint& constraint : constraints_)
    if (violation(constraint, parameters_,
                  [&](const std::string& name) { return number_of(assignments.at(name)); }) > 0)
      throw InputError("the assignments break the constraint " + words(constraint));
}

Assignments Space::default_assignments() const {
  Assignments assignments;
  for (const Conditional& conditional : conditionals_)
    assignments[conditional.name] = conditional.values.front();
  for (const Parameter& p : parameters_) {
    if (!is_active(p, assignments)) continue;
    if (p.default_value)
      assignments[p.name] = *p.default_value;
    else if (p.type == ParameterType::kCategorical)
      assignments[p.name] = p.categories.front();
    else if (!p.grid.empty()) {
      const double middle = p.grid[(p.grid.size() - 1) / 2];
      if (p.type == ParameterType::kInt)
        assignments[p.name] = std::int64_t(middle);
      else
        assignments[p.name] = middle;
    } else if (p.type == ParameterType::kInt)
      assignments[p.name] = std::int64_t(std::floor((p.min + p.max) / 2));
    else
      assignments[p.name] =
          p.log ? std::sqrt(p.min) * std::sqrt(p.max) : p.min + (p.max - p.min) / 2;
  }
  const auto broken = [&](const LinearConstraint& constraint) {
    return violation(constraint, parameters_,
                     [&](const std::string& name) { return number_of(assignments.at(name)); }) > 0;
  };
  if (std::none_of(constraints_.begin(), constraints_.end(), broken)) return assignments;
  for (std::size_t j = 0; j < parameters_.size(); ++j) {
    const Parameter& p = parameters_[j];
    for (const LinearConstraint& constraint : constraints_) {
      if (!constraint.weights.contains(p.name)) continue;
      if (p.type == ParameterType::kInt)
        assignments[p.name] = std::int64_t(feasible_point_[j]);
      else
        assignments[p.name] = feasible_point_[j];
    }
  }
  return assignments;
}

Assignments Space::sample(RandomStream& random) const {
  const Encoder encoder(*this);
  return encoder.decode(encoder.sample(random));
}

std::string Space::canonical_key(const Assignments& assignments) const {
  Json key = Json::object();
  for (const auto& [name, value] : assignments) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      key[name] = *text;
      continue;
    }
    double number = number_of(value);
    const auto named = [&name = name](const Parameter& p) { return p.name == name; };
    const auto p = std::find_if(parameters_.begin(), parameters_.end(), named);
    if (p != parameters_.end() && !p->grid.empty() && std::isfinite(number))
      number = *std::min_element(p->grid.begin(), p->grid.end(), [&](double a, double b) {
        return std::abs(a - number) < std::abs(b - number);
      });
    // A one-element list, so that the number 1 is not the text "1".
    key[name] = Json::array({std::holds_alternative<std::int64_t>(value)
                                 ? fmt::format("{}", std::get<std::int64_t>(value))
                                 : fmt::format("{:.10g}", number == 0 ? 0.0 : number)});
  }
  return key.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace frugal::optimizer
