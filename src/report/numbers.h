// Numbers as a reader sees them, the same in every form of the report.
#pragma once

#include <string>

#include "report/statistics.h"

namespace frugal::report {

std::string percent_text(double share);             // 0.7431 -> "74.3"
std::string percent_text(const Interval& shares);   // "72.1 to 76.4"
std::string points_text(double difference);         // -0.012 -> "−1.2" (U+2212), "+0.8"
std::string points_text(const Interval& interval);  // "−0.2 to +1.8"
std::string correlation_text(double r);             // 0.874 -> "0.87", -0.1 -> "−0.10"
std::string p_text(double p);                       // "0.030", "0.45", "< 0.001"
std::string p_equation(double p);                   // "p = 0.030", "p < 0.001"
std::string minutes_text(double seconds);           // "0.4", "12.3", "1,204"
std::string dollars_text(double dollars);           // "0.0042", "1.30"
std::string duration_text(double seconds);          // "45 s", "12.3 min", "3.2 h"
std::string count_text(std::size_t count);          // "8,041"
std::string date_text(double seconds_since_epoch);  // "23 November 2025" (UTC)
std::string plural(std::size_t count, const std::string& noun);  // "1 trial", "8,041 photographs"

}  // namespace frugal::report
