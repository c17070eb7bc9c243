#include "cli/first_difference.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

namespace frugal::cli {
namespace {

std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Lists of named things by their names, else what they are.
Json by_name(const Json& json) {
  if (!json.is_array() || json.empty()) return json;
  Json object = Json::object();
  for (const Json& item : json) {
    if (!item.is_object() || !item.contains("name")) return json;
    object[item["name"].get<std::string>()] = item;
  }
  return object;
}

std::string difference_of_objects(const std::string& what, const Json& before, const Json& now) {
  std::set<std::string> keys;
  for (const Json* json : {&before, &now})
    for (const auto& [key, value] : json->items()) keys.insert(key);
  for (const std::string& key : keys) {
    const std::string name = what.empty() ? key : what + "." + key;
    if (!now.contains(key)) return name + " is gone";
    if (!before.contains(key)) return name + " is new";
    if (std::string words = first_difference(name, before[key], now[key]); !words.empty())
      return words;
  }
  return "";
}

}  // namespace

std::string first_difference(const std::string& what, const Json& before, const Json& now) {
  if (before == now) return "";
  const Json old_named = by_name(before), new_named = by_name(now);
  if (old_named.is_object() && new_named.is_object())
    return difference_of_objects(what, old_named, new_named);
  return fmt::format("{} was {} and is now {}", what, scalar_text(before), scalar_text(now));
}

}  // namespace frugal::cli
