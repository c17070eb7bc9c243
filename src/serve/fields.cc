#include "serve/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace frugal::serve {

Fields::Fields(const Json& object, const std::vector<std::string>& known, std::string where)
    : object_(object), where_(std::move(where)) {
  require_known_keys(object, known, where_);
}

void Fields::refuse(const std::string& key, const std::string& why) const {
  throw InputError(fmt::format("{}: {} {}", where_, key, why));
}

bool Fields::has(const std::string& key) const {
  const auto found = object_.find(key);
  return found != object_.end() && !found->is_null();
}

const Json& Fields::at(const std::string& key) const {
  if (!has(key)) refuse(key, "is missing");
  return object_.at(key);
}

std::string Fields::text(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_string()) refuse(key, "must be a text");
  const auto& text = value.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) refuse(key, "must not hold a NUL character");
  return text;
}

std::string Fields::text(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

double Fields::number(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_number()) refuse(key, "must be a number");
  return value.get<double>();
}

std::optional<double> Fields::optional_number(const std::string& key) const {
  return has(key) ? std::optional(number(key)) : std::nullopt;
}

std::int64_t Fields::whole(const std::string& key) const {
  const Json& value = at(key);
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (!value.is_number_integer() || too_large) refuse(key, "must be a whole number");
  return value.get<std::int64_t>();
}

bool Fields::flag(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_boolean()) refuse(key, "must be true or false");
  return at(key).get<bool>();
}

const Json& Fields::list(const std::string& key) const {
  if (!at(key).is_array()) refuse(key, "must be a list");
  return at(key);
}

Json Fields::object(const std::string& key) const {
  if (!has(key)) return Json::object();
  if (!at(key).is_object()) refuse(key, "must be an object");
  return at(key);
}

experiment::Id Fields::id(const std::string& key) const {
  const Json& value = at(key);
  const auto id = value.is_string()           ? id_from_text(value.get<std::string>())
                  : value.is_number_integer() ? id_from_text(value.dump())
                                              : std::nullopt;
  if (!id) refuse(key, "must be an id, a text of digits");
  return *id;
}

experiment::Cost Fields::cost() const {
  const auto amount = [this](const char* key) {
    const double value = optional_number(key).value_or(0);
    if (value < 0) refuse(key, "must not be negative");
    return value;
  };
  return {.wall_seconds = amount("wall_seconds"),
          .cpu_seconds = amount("cpu_seconds"),
          .device_seconds = amount("device_seconds"),
          .peak_memory_bytes = amount("peak_memory_bytes"),
          .waited_seconds = amount("waited_seconds")};
}

std::optional<experiment::Id> id_from_text(const std::string& text) {
  experiment::Id id = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stop != end || id < 0 || text[0] == '-') return std::nullopt;
  return id;
}

std::vector<experiment::Id> ids_from_text(const std::string& text, const std::string& where) {
  std::vector<experiment::Id> ids;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto id = id_from_text(part);
    if (!id) throw InputError(fmt::format("{}: \"{}\" is no id", where, part));
    ids.push_back(*id);
  }
  return ids;
}

void require_no_nul(const Json& value, const std::string& where) {
  const auto refuse = [&] {
    throw InputError(fmt::format("{}: must not hold a NUL character", where));
  };
  if (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos)
    refuse();
  if (value.is_object())
    for (const auto& [key, part] : value.items()) {
      if (key.find('\0') != std::string::npos) refuse();
      require_no_nul(part, fmt::format("{}: {}", where, key));
    }
  if (value.is_array())
    for (const Json& part : value) require_no_nul(part, where);
}

void require_known_query(const Query& query, const std::vector<std::string>& known) {
  for (const auto& [key, value] : query) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest(key, known);
    throw InputError(fmt::format("query: unknown parameter \"{}\"{}", key,
                                 near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
  }
}

bool query_flag(const Query& query, const std::string& key, bool fallback) {
  const auto found = query.find(key);
  if (found == query.end()) return fallback;
  std::string text = found->second;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw InputError(fmt::format("query: {} must be true or false", key));
}

}  // namespace frugal::serve
