#include "worker/program_metric.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "base/json.h"

namespace frugal::worker {
namespace {

// std::regex needs stack in proportion to the line.
constexpr std::size_t kLongestLine = 4096;

std::string_view trimmed(std::string_view text) {
  constexpr const char* kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The whole text as a number; "nan" and "inf" are numbers too.
std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    return std::strtod(std::string(text).c_str(), nullptr);  // infinite or 0
  return value;
}

double finite(double value, std::string_view metric, std::string_view where) {
  if (!std::isfinite(value))
    throw InputError(fmt::format("{} is {} in its {}", metric, value, where));
  return value;
}

// Python and others write NaN and Infinity, which JSON has not: as texts, which nobody takes for
// a finite number.
std::string without_bare_words(std::string_view line) {
  std::string json;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && (i == 0 || line[i - 1] != '\\')) quoted = !quoted;
    if (!quoted) {
      bool replaced = false;
      for (const std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
        if (!line.substr(i).starts_with(word)) continue;
        json += fmt::format("\"{}\"", word);
        i += word.size() - 1;
        replaced = true;
        break;
      }
      if (replaced) continue;
    }
    json += line[i];
  }
  return json;
}

std::optional<Measurement> from_object(std::string_view text, const std::string& metric,
                                       std::string_view where) {
  if (!text.starts_with('{')) return std::nullopt;
  const Json object = Json::parse(without_bare_words(text), nullptr, false);
  if (!object.is_object() || !object.contains(metric)) return std::nullopt;
  const Json& value = object[metric];
  if (!value.is_number())
    throw InputError(fmt::format("{} is {} in its {}", metric,
                                 value.is_string() ? value.get<std::string>() : value.dump(),
                                 where));
  Measurement measured{finite(value.get<double>(), metric, where), std::nullopt};
  if (const auto stddev = object.find("value_stddev");
      stddev != object.end() && stddev->is_number() && stddev->get<double>() >= 0)
    measured.value_stddev = stddev->get<double>();
  return measured;
}

std::optional<Measurement> from_line(std::string_view line, const std::string& metric,
                                     std::string_view where) {
  if (const auto number = number_of(line)) return Measurement{finite(*number, metric, where), {}};
  return from_object(line, metric, where);
}

std::optional<Measurement> from_match(std::string_view line, const std::regex& regex,
                                      const std::string& metric, std::string_view where) {
  const std::string text(line.substr(0, kLongestLine));
  std::optional<std::string> last;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    last = match->size() > 1 ? (*match)[1].str() : match->str();
  if (!last) return std::nullopt;
  const auto number = number_of(trimmed(*last));
  if (!number)
    throw InputError(
        fmt::format("the regular expression matches \"{}\" in its {}, not a number", *last, where));
  return Measurement{finite(*number, metric, where), {}};
}

// What the last line gives that gives anything.
template <typename Read>
auto last_of(std::string_view text, Read read) -> decltype(read(text)) {
  while (!text.empty()) {
    const std::size_t newline = text.rfind('\n');
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    if (auto found = read(trimmed(text.substr(begin)))) return found;
    text = text.substr(0, newline == std::string_view::npos ? 0 : newline);
  }
  return std::nullopt;
}

// ", but ...": of the last line that looks like the object that is wanted, why it is none.
std::string broken_json(std::string_view text, const std::string& metric) {
  const std::string key = Json(metric).dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto why = last_of(text, [&](std::string_view line) -> std::optional<std::string> {
    if (!line.starts_with('{') || line.find(key) == std::string_view::npos) return std::nullopt;
    try {
      const Json good = Json::parse(without_bare_words(line));
      return std::nullopt;
    } catch (const Json::exception& error) {
      const std::string_view words = error.what();  // "[json.exception...] parse error at ..."
      return fmt::format(", but for one that is no JSON:{}", words.substr(words.find(']') + 1));
    }
  });
  return why.value_or("");
}

}  // namespace

Measurement read_metric(std::string_view text, const std::string& metric, const MetricRule& rule,
                        std::string_view where) {
  if (!rule.regex.empty()) {
    const std::regex regex(rule.regex);
    if (const auto measured = last_of(
            text, [&](std::string_view line) { return from_match(line, regex, metric, where); }))
      return *measured;
    throw InputError(fmt::format("no line of its {} matches {}", where, rule.regex));
  }
  if (const auto measured =
          last_of(text, [&](std::string_view line) { return from_line(line, metric, where); }))
    return *measured;
  if (const auto measured = from_object(trimmed(text), metric, where)) return *measured;
  throw InputError(
      fmt::format("no line of its {} is a number or a JSON object with the key \"{}\"{}", where,
                  metric, broken_json(text, metric)));
}

void require_regex(const std::string& regex) {
  try {
    const std::regex checked(regex);
  } catch (const std::regex_error& error) {
    throw InputError(fmt::format("{} is no regular expression: {}", regex, error.what()));
  }
}

}  // namespace frugal::worker
