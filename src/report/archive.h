// Plain structs to JSON and back, strictly, from one list of their fields. For each struct T a
// function
//
//   void fields(std::type_identity<T>, auto&& archive, auto& x) { archive("key", x.member); ... }
//
// in the namespace of T (not in an unnamed one: the compiler would not look there) serves both
// directions. Numbers that are not finite become null.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace frugal::report::archive {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
constexpr bool kPlain =
    std::is_arithmetic_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, Json>;

template <class T>
Json encode(const T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value) ? Json(value) : Json();
  } else if constexpr (kPlain<T>) {
    return value;
  } else if constexpr (IsOptional<T>::value) {
    return value ? encode(*value) : Json();
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::array();
    for (const auto& element : value) array.push_back(encode(element));
    return array;
  } else {
    Json object = Json::object();
    fields(
        std::type_identity<T>(),
        [&](const char* key, const auto& field) { object[key] = encode(field); }, value);
    return object;
  }
}

[[noreturn]] inline void wrong(const std::string& where, const char* expected, const Json& got) {
  throw InputError(
      fmt::format("{}: expected {}, found {}", where, expected,
                  got.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 40)));
}

template <class T>
void decode(const Json& json, const std::string& where, T& value) {
  if constexpr (std::is_same_v<T, Json>) {
    if (!json.is_object()) wrong(where, "an object", json);
    value = json;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) wrong(where, "a text", json);
    value = json.get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) wrong(where, "true or false", json);
    value = json.get<bool>();
  } else if constexpr (std::is_unsigned_v<T>) {
    // A number that was not parsed but set may be signed.
    if (!json.is_number_integer() || (!json.is_number_unsigned() && json.get<std::int64_t>() < 0) ||
        json.get<std::uint64_t>() > std::numeric_limits<T>::max())
      wrong(where, "a whole number, not negative", json);
    value = json.get<T>();
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number() && !json.is_null()) wrong(where, "a number or null", json);
    value = json.is_null() ? std::numeric_limits<T>::quiet_NaN() : json.get<T>();
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    if (!json.is_null()) decode(json, where, value.emplace());
  } else if constexpr (IsVector<T>::value) {
    if (!json.is_array()) wrong(where, "a list", json);
    value.assign(json.size(), {});
    for (std::size_t i = 0; i < json.size(); ++i)
      decode(json[i], fmt::format("{}[{}]", where, i), value[i]);
  } else {
    if (!json.is_object()) wrong(where, "an object", json);
    std::vector<std::string> known;
    fields(
        std::type_identity<T>(),
        [&](const char* key, auto& field) {
          known.emplace_back(key);
          if (auto found = json.find(key); found != json.end())
            decode(*found, fmt::format("{}.{}", where, key), field);
        },
        value);
    require_known_keys(json, known, where);
  }
}

}  // namespace frugal::report::archive
