#include "experiment/budget.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "base/error.h"

namespace frugal::experiment {
namespace {

constexpr const char* kHow = "write 20m, 2h, 90s, 5usd or 40runs, several separated by commas";

void add_part(std::string_view part, Budget& budget) {
  while (part.starts_with(' ')) part.remove_prefix(1);
  while (part.ends_with(' ')) part.remove_suffix(1);
  const std::string whole(part);
  const bool dollar_sign = part.starts_with('$');
  if (dollar_sign) part.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  std::string_view unit = part.substr(static_cast<std::size_t>(end - part.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (error != std::errc() || !std::isfinite(number) || number <= 0)
    throw InputError(fmt::format("budget \"{}\": not an amount above 0; {}", whole, kHow));
  const auto set = [&](std::optional<double>& slot, double value) {
    if (slot) throw InputError(fmt::format("budget \"{}\": given twice; {}", whole, kHow));
    slot = value;
  };
  if (dollar_sign ? unit.empty() : unit == "usd")
    set(budget.dollars, number);
  else if (unit == "s")
    set(budget.wall_seconds, number);
  else if (unit == "m" || unit == "min")
    set(budget.wall_seconds, number * 60);
  else if (unit == "h")
    set(budget.wall_seconds, number * 3600);
  else if (unit == "d")
    set(budget.wall_seconds, number * 86400);
  else if (unit == "runs" || unit == "run")
    set(budget.runs, number);
  else
    throw InputError(fmt::format("budget \"{}\": unknown unit \"{}\"; {}", whole, unit, kHow));
}

}  // namespace

Budget parse_budget(const std::string& text) {
  Budget budget;
  std::string_view rest = text;
  for (;;) {
    const auto comma = rest.find(',');
    add_part(rest.substr(0, comma), budget);
    if (comma == std::string_view::npos) return budget;
    rest.remove_prefix(comma + 1);
  }
}

std::string to_text(const Budget& budget) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (budget.wall_seconds) {
    const double seconds = *budget.wall_seconds;
    if (seconds >= 7200)
      add(fmt::format("{:g} hours", seconds / 3600));
    else if (seconds >= 120)
      add(fmt::format("{:g} minutes", seconds / 60));
    else
      add(fmt::format("{:g} seconds", seconds));
  }
  if (budget.dollars) add(fmt::format("{:g} dollars", *budget.dollars));
  if (budget.runs) add(fmt::format("{:g} runs", *budget.runs));
  return text;
}

std::optional<double> seconds_allowed(const Budget& budget, double price_per_hour) {
  std::optional<double> seconds = budget.wall_seconds;
  if (budget.dollars) {
    if (price_per_hour <= 0)
      throw InputError("a budget in dollars needs --price-per-hour, the price of this machine");
    const double affordable = *budget.dollars / price_per_hour * 3600;
    seconds = seconds ? std::min(*seconds, affordable) : affordable;
  }
  return seconds;
}

}  // namespace frugal::experiment
