// The cells of tables: what a reader sees, and what a program reads.
#pragma once

#include <optional>
#include <string>

#include "report/answer.h"
#include "report/table.h"

namespace frugal::report {

Cell text_cell(const std::string& text);
Cell count_cell(std::size_t count);
Cell number_cell(const std::string& text, double value);
Cell no_cell();
Cell percent_cell(const std::optional<double>& share);
Cell megabytes_cell(double bytes);  // 0: not known
// Nothing where no price was given.
Cell dollars_cell(const Answer& answer, double dollars);
// Of the whole machine for so long.
double machine_dollars(const Answer& answer, double seconds);

}  // namespace frugal::report
