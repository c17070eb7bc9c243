// What may be spent: wall-clock time, dollars, runs; the first that is spent stops.
#pragma once

#include <optional>
#include <string>

namespace frugal::experiment {

struct Budget {
  std::optional<double> wall_seconds;
  std::optional<double> dollars;
  std::optional<double> runs;  // full-task costs
  bool operator==(const Budget&) const = default;
};

// "20m", "2h", "90s", "5usd", "$5", "40runs"; several separated by commas. Throws InputError.
Budget parse_budget(const std::string& text);
std::string to_text(const Budget& budget);

// The wall-clock bound of all of it; nullopt when there is none. price_per_hour: dollars.
// Throws InputError for a budget of dollars without a price.
std::optional<double> seconds_allowed(const Budget& budget, double price_per_hour);

}  // namespace frugal::experiment
