#include "base/json.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace frugal {
namespace {

constexpr int kMaxDepth = 64;

// Yaml-cpp numbers: the core schema of YAML 1.2.
Json yaml_scalar(const YAML::Node& node, std::string_view where) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text.empty() || text == "null" || text == "~" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const char* first = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* last = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto [end, error] = std::from_chars(first, last, integer);
      error == std::errc() && end == last)
    return integer;
  double number = 0;
  if (auto [end, error] = std::from_chars(first, last, number); end == last) {
    if (error == std::errc() && std::isfinite(number)) return number;
    if (error == std::errc::result_out_of_range)
      throw InputError(
          fmt::format("{}:{}: {} is too large a number", where, node.Mark().line + 1, text));
  }
  return text;
}

Json yaml_to_json(const YAML::Node& node, std::string_view where, int depth) {
  const int line = node.Mark().line + 1;
  if (depth > kMaxDepth) throw InputError(fmt::format("{}:{}: nested too deeply", where, line));
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      if (object.contains(key))
        throw InputError(fmt::format("{}:{}: the key \"{}\" stands twice", where,
                                     entry.first.Mark().line + 1, key));
      object[key] = yaml_to_json(entry.second, where, depth + 1);
    }
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(yaml_to_json(item, where, depth + 1));
    return array;
  }
  return node.IsScalar() ? yaml_scalar(node, where) : Json();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) throw InputError(fmt::format("{}: nested too deeply", where));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second)
      throw InputError(
          fmt::format("{}: the key \"{}\" stands twice", where, parsed.get<std::string>()));
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& error) {
    std::string reason = error.what();
    if (const auto end = reason.find("] "); end != std::string::npos) reason.erase(0, end + 2);
    throw InputError(fmt::format("{}: not JSON: {}", where, reason));
  }
}

Json parse_yaml(std::string_view text, std::string_view where) {
  try {
    return yaml_to_json(YAML::Load(std::string(text)), where, 0);
  } catch (const YAML::Exception& error) {
    throw InputError(fmt::format("{}:{}: {}", where, error.mark.line + 1, error.msg));
  }
}

Json read_config(const std::string& path) {
  const std::string text = read_file(path);
  return path.ends_with(".json") ? parse_json(text, path) : parse_yaml(text, path);
}

int line_of_key(std::string_view text, std::string_view key) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view row = text.substr(begin, end - begin);
    row.remove_prefix(std::min(row.find_first_not_of(" \t-{\"'"), row.size()));
    if (row.starts_with(key)) {
      row.remove_prefix(key.size());
      row.remove_prefix(std::min(row.find_first_not_of(" \t\"'"), row.size()));
      if (row.starts_with(':')) return line;
    }
    begin = end + 1;
  }
  return 0;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

void require_known_keys(const Json& object, const std::vector<std::string>& known,
                        std::string_view where) {
  if (!object.is_object()) throw InputError(fmt::format("{}: expected an object", where));
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest(key, known);
    throw InputError(near.empty() ? fmt::format("{}: unknown key \"{}\"; known are {}", where, key,
                                                fmt::join(known, ", "))
                                  : fmt::format("{}: unknown key \"{}\"; did you mean \"{}\"?",
                                                where, key, near));
  }
}

}  // namespace frugal
