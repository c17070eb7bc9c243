// Policies as JSON; what a range means when nothing searches.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/augment/transforms.h"

namespace frugal::augment {
namespace {

constexpr int kVersion = 1;

// What a parameter may be.
struct Bounds {
  double min = 0, max = 1, default_value = 1;
  bool whole = false;
};

double read_number(const Json& value, const Bounds& bounds, const std::string& where) {
  if (!value.is_number())
    throw InputError(
        fmt::format("{}: expected a number from {:g} to {:g}", where, bounds.min, bounds.max));
  const double number = value.get<double>();
  if (!(number >= bounds.min && number <= bounds.max))
    throw InputError(
        fmt::format("{}: {:g} is not from {:g} to {:g}", where, number, bounds.min, bounds.max));
  if (bounds.whole && number != std::floor(number))
    throw InputError(fmt::format("{}: {:g} is not a whole number from {:g} to {:g}", where, number,
                                 bounds.min, bounds.max));
  return number;
}

double untuned_value(const Bounds& bounds, const Interval& interval) {
  if (bounds.default_value >= interval.min && bounds.default_value <= interval.max)
    return bounds.default_value;
  const double middle = (interval.min + interval.max) / 2;
  return bounds.whole ? std::floor(middle) : middle;
}

const Transform& transform_named(const Json& name, const std::string& where) {
  std::vector<std::string> names;
  for (const Row& row : rows()) names.push_back(row.transform.name);
  if (!name.is_string())
    throw InputError(
        fmt::format("{}: \"transform\" must be one of {}", where, fmt::join(names, ", ")));
  const auto text = name.get<std::string>();
  if (const Row* row = find_row(text)) return row->transform;
  const std::string near = nearest(text, names);
  throw InputError(near.empty() ? fmt::format("{}: unknown transform \"{}\"; known are {}", where,
                                              text, fmt::join(names, ", "))
                                : fmt::format("{}: unknown transform \"{}\"; did you mean \"{}\"?",
                                              where, text, near));
}

class UseReader {
 public:
  UseReader(const Json& json, TransformUse& use) : json_(json), use_(use) {}

  // Returns nothing when the key is absent.
  std::optional<double> read(const std::string& key, const Bounds& bounds,
                             const std::string& where) {
    const auto found = json_.find(key);
    if (found == json_.end()) return {};
    if (!found->is_object()) return read_number(*found, bounds, where);
    require_known_keys(*found, {"min", "max", "value"}, where);
    for (const char* end : {"min", "max"})
      if (!found->contains(end))
        throw InputError(fmt::format("{}: a range needs \"min\" and \"max\"", where));
    const Interval interval{read_number((*found)["min"], bounds, where + ": min"),
                            read_number((*found)["max"], bounds, where + ": max")};
    if (!(interval.min < interval.max))
      throw InputError(fmt::format("{}: min {:g} must be less than max {:g}", where, interval.min,
                                   interval.max));
    use_.open[key] = interval;
    if (!found->contains("value")) return untuned_value(bounds, interval);
    return read_number((*found)["value"], {interval.min, interval.max, 0, bounds.whole},
                       where + ": value");
  }

 private:
  const Json& json_;
  TransformUse& use_;
};

TransformUse use_from_json(const Json& json, const std::string& where) {
  if (!json.is_object() || !json.contains("transform"))
    throw InputError(fmt::format("{}: expected an object with the key \"transform\"", where));
  const Transform& transform = transform_named(json["transform"], where);
  std::vector<std::string> known = {"transform", "probability"};
  for (const TransformParameter& parameter : transform.parameters) known.push_back(parameter.name);
  require_known_keys(json, known, where);

  TransformUse use{.transform = transform.name};
  UseReader reader(json, use);
  use.probability =
      reader.read("probability", {0, 1, 1, false}, where + ": probability").value_or(1);
  for (const TransformParameter& parameter : transform.parameters)
    if (const auto value =
            reader.read(parameter.name,
                        {parameter.min, parameter.max, parameter.default_value, parameter.whole},
                        fmt::format("{}: {}: {}", where, transform.name, parameter.name)))
      use.parameters[parameter.name] = *value;
  return use;
}

Json value_json(const TransformUse& use, const std::string& key, double value) {
  const auto open = use.open.find(key);
  if (open == use.open.end()) return value;
  return {{"min", open->second.min}, {"max", open->second.max}, {"value", value}};
}

}  // namespace

Json to_json(const Policy& policy) {
  Json list = Json::array();
  for (const TransformUse& use : policy.uses) {
    Json json = {{"transform", use.transform},
                 {"probability", value_json(use, "probability", use.probability)}};
    for (const auto& [name, value] : use.parameters) json[name] = value_json(use, name, value);
    list.push_back(json);
  }
  return {{"version", kVersion}, {"transforms", list}};
}

Policy policy_from_json(const Json& json, std::string_view where) {
  require_known_keys(json, {"version", "transforms"}, where);
  if (json.contains("version") && json["version"] != kVersion)
    throw InputError(fmt::format(
        "{}: a policy of version {}; this program knows version {}: use the frugal that wrote it, "
        "or write it anew",
        where, json["version"].dump(), kVersion));
  if (!json.contains("transforms") || !json["transforms"].is_array())
    throw InputError(fmt::format("{}: \"transforms\" must be a list", where));
  Policy policy;
  for (const Json& use : json["transforms"])
    policy.uses.push_back(
        use_from_json(use, fmt::format("{}: transform {}", where, policy.uses.size() + 1)));
  return policy;
}

}  // namespace frugal::augment
