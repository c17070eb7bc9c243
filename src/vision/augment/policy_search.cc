// Policies as search spaces.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/augment/transforms.h"

namespace frugal::augment {
namespace {

// An open parameter and where it stands.
struct Place {
  OpenParameter parameter;
  std::size_t use = 0;
  std::string key;
};

std::string search_name(const Transform& transform, const std::string& key, std::size_t nth) {
  const bool main = !transform.parameters.empty() && transform.parameters.front().name == key;
  std::string name = main ? transform.name : transform.name + "_" + key;
  return nth == 1 ? name : fmt::format("{}_{}", name, nth);
}

// "probability" first, then in the table's order.
std::vector<Place> places(const Policy& policy) {
  std::vector<Place> found;
  std::map<std::string, std::size_t> times;
  for (std::size_t i = 0; i < policy.uses.size(); ++i) {
    const TransformUse& use = policy.uses[i];
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    const Values values(row->transform, use);
    const std::size_t nth = ++times[use.transform];
    const auto add = [&](const std::string& key, double value, bool whole) {
      if (const auto open = use.open.find(key); open != use.open.end())
        found.push_back(
            {{search_name(row->transform, key, nth), open->second, value, whole}, i, key});
    };
    add("probability", use.probability, false);
    for (const TransformParameter& parameter : row->transform.parameters)
      add(parameter.name, values[parameter.name], parameter.whole);
  }
  return found;
}

}  // namespace

std::vector<OpenParameter> open_parameters(const Policy& policy) {
  std::vector<OpenParameter> parameters;
  for (const Place& place : places(policy)) parameters.push_back(place.parameter);
  return parameters;
}

Json search_parameters(const Policy& policy) {
  Json list = Json::array();
  for (const OpenParameter& parameter : open_parameters(policy)) {
    const auto number = [&](double value) {
      return parameter.whole ? Json(static_cast<int>(value)) : Json(value);
    };
    list.push_back(
        {{"name", parameter.name},
         {"type", parameter.whole ? "int" : "double"},
         {"bounds",
          {{"min", number(parameter.interval.min)}, {"max", number(parameter.interval.max)}}}});
  }
  return list;
}

Policy with_values(const Policy& policy, const std::map<std::string, double>& values,
                   std::string_view where) {
  Policy closed = policy;
  for (TransformUse& use : closed.uses) use.open.clear();
  std::vector<std::string> known;
  for (const Place& place : places(policy)) {
    const OpenParameter& parameter = place.parameter;
    known.push_back(parameter.name);
    const auto given = values.find(parameter.name);
    if (given == values.end()) continue;
    const double value = given->second;
    if (!(value >= parameter.interval.min && value <= parameter.interval.max))
      throw InputError(fmt::format("{}: {}: {:g} is not from {:g} to {:g}", where, parameter.name,
                                   value, parameter.interval.min, parameter.interval.max));
    TransformUse& use = closed.uses[place.use];
    (place.key == "probability" ? use.probability : use.parameters[place.key]) = value;
  }
  for (const auto& [name, value] : values)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw InputError(
          fmt::format("{}: \"{}\" is no open parameter of the policy; it has {}", where, name,
                      known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  return closed;
}

}  // namespace frugal::augment
