// The metric's value, out of what a program wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace frugal::worker {

struct MetricRule {
  std::string file;   // where the program writes it, a template; "": standard output
  std::string regex;  // its first group (or all of it) is the value; "": the last JSON line
  bool operator==(const MetricRule&) const = default;
};

struct Measurement {
  double value = 0;
  std::optional<double> value_stddev;  // standard error
};

// Without a regular expression: the last line that is a number, or a JSON object with a key of the
// metric's name; such an object may hold a "value_stddev" too. A text that is one JSON object over
// several lines will do as well. With one (ECMAScript, matched line by line): its last match.
// Throws InputError that says what was wrong: no such line, a value that is not a finite number.
// where: what the text is, for messages ("standard output").
Measurement read_metric(std::string_view text, const std::string& metric, const MetricRule& rule,
                        std::string_view where);

// Throws InputError when it is no regular expression.
void require_regex(const std::string& regex);

}  // namespace frugal::worker
