// What the findings share: figures with their intervals in tables and in sentences.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "report/cells.h"
#include "report/findings.h"

namespace frugal::report {

Finding begin_finding(const std::string& question);
RandomStream resampling(const std::string& purpose);
// By the same resamples everywhere, those of `frugal evaluate`: an accuracy has one interval.
Interval interval_of_accuracy(const Correctness& correct);

// A figure has four columns: itself, its interval for people, and its two ends for programs.
void add_columns(Table& table, const std::string& title, const std::string& key);
void add_percent(std::vector<Cell>& row, double share, const Interval& interval);
void add_points(std::vector<Cell>& row, double difference, const Interval& interval);
void add_number(std::vector<Cell>& row, double value, const Interval& interval);

std::string points_with_interval(double difference, const Interval& interval);
std::string percent_with_interval(double share, const Interval& interval);

}  // namespace frugal::report
