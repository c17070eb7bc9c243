#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace frugal::cli {
namespace {

std::string scalar_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw InputError(fmt::format("{}: expected a single value", where));
}

}  // namespace

std::vector<std::string> arguments_from_config(const std::string& path,
                                               const std::vector<KnownOption>& known,
                                               const std::vector<std::string>& given_names) {
  const std::string text = read_file(path);
  const Json config = path.ends_with(".json") ? parse_json(text, path) : parse_yaml(text, path);
  if (config.is_null()) return {};
  if (!config.is_object())
    throw InputError(fmt::format("{}: expected options, one a line: budget: 20m", path));
  std::vector<std::string> names;
  for (const auto& option : known) names.push_back(option.name);

  std::vector<std::string> arguments;
  for (const auto& item : config.items()) {
    const std::string& key = item.key();
    const Json& value = item.value();
    const std::string where = fmt::format("{}:{}", path, line_of_key(text, key));
    const auto option = std::find_if(known.begin(), known.end(),
                                     [&](const KnownOption& o) { return o.name == key; });
    if (option == known.end()) {
      const std::string near = nearest(key, names);
      throw InputError(
          fmt::format("{}: unknown option \"{}\"{}", where, key,
                      near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
    }
    if (std::find(given_names.begin(), given_names.end(), key) != given_names.end()) continue;
    if (option->is_flag) {
      if (!value.is_boolean())
        throw InputError(fmt::format("{}: \"{}\" is true or false", where, key));
      if (value.get<bool>()) arguments.push_back("--" + key);
    } else if (value.is_array()) {
      for (const auto& element : value)
        arguments.push_back(fmt::format("--{}={}", key, scalar_text(element, where)));
    } else if (!value.is_null()) {
      arguments.push_back(fmt::format("--{}={}", key, scalar_text(value, where)));
    }
  }
  return arguments;
}

}  // namespace frugal::cli
