#include "report/cells.h"

#include <fmt/format.h>

#include "report/numbers.h"

namespace frugal::report {
namespace {

constexpr const char* kNothing = "–";

}  // namespace

Cell text_cell(const std::string& text) {
  return {text, text};
}
Cell count_cell(std::size_t count) {
  return {count_text(count), std::to_string(count)};
}
Cell number_cell(const std::string& text, double value) {
  return {text, fmt::format("{}", value)};
}
Cell no_cell() {
  return {kNothing, ""};
}

Cell percent_cell(const std::optional<double>& share) {
  return share ? number_cell(percent_text(*share), *share) : no_cell();
}

Cell megabytes_cell(double bytes) {
  return bytes > 0 ? number_cell(count_text(static_cast<std::size_t>(bytes / 1e6)), bytes)
                   : no_cell();
}

Cell dollars_cell(const Answer& answer, double dollars) {
  return answer.price_per_hour > 0 ? number_cell(dollars_text(dollars), dollars) : no_cell();
}

double machine_dollars(const Answer& answer, double seconds) {
  return seconds / 3600 * answer.price_per_hour;
}

}  // namespace frugal::report
