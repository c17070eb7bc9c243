#include "report/numbers.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace frugal::report {

std::string percent_text(double share) {
  return fmt::format("{:.1f}", 100 * share);
}

std::string percent_text(const Interval& shares) {
  return fmt::format("{} to {}", percent_text(shares.low), percent_text(shares.high));
}

std::string points_text(double difference) {
  const double rounded = std::round(1000 * difference) / 10;
  if (rounded == 0) return "0.0";
  return fmt::format("{}{:.1f}", rounded < 0 ? "−" : "+", std::abs(rounded));
}

std::string points_text(const Interval& interval) {
  return fmt::format("{} to {}", points_text(interval.low), points_text(interval.high));
}

std::string correlation_text(double r) {
  return fmt::format("{}{:.2f}", r <= -0.005 ? "−" : "", std::abs(r));
}

std::string p_text(double p) {
  if (p < 0.001) return "< 0.001";
  return p < 0.1 ? fmt::format("{:.3f}", p) : fmt::format("{:.2f}", p);
}

std::string p_equation(double p) {
  return fmt::format("p {}{}", p < 0.001 ? "" : "= ", p_text(p));
}

std::string minutes_text(double seconds) {
  const double minutes = seconds / 60;
  return minutes < 100 ? fmt::format("{:.1f}", minutes)
                       : count_text(static_cast<std::size_t>(std::lround(minutes)));
}

std::string dollars_text(double dollars) {
  return dollars > 0 && dollars < 0.1 ? fmt::format("{:.4f}", dollars)
                                      : fmt::format("{:.2f}", dollars);
}

std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string count_text(std::size_t count) {
  const std::string digits = std::to_string(count);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string date_text(double seconds_since_epoch) {
  const auto day = static_cast<std::time_t>(seconds_since_epoch);
  const std::string text = fmt::format("{:%d %B %Y}", fmt::gmtime(day));
  return text[0] == '0' ? text.substr(1) : text;
}

std::string plural(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

}  // namespace frugal::report
