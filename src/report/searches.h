// What the trials of an answer teach about what was searched.
#pragma once

#include <string>
#include <vector>

#include "report/answer.h"
#include "report/table.h"

namespace frugal::report {

// One for each strategy that has trials. Of an old answer, which does not say what was searched, as
// its trials show it.
std::vector<Search> searches_of(const Answer& answer);

// The name of the most expensive task with a trial that is done: the one that the search is
// judged by. "" before the first.
std::string judged_task(const Answer& answer);

inline constexpr const char* kPercentMetric = "accuracy %";

// optimizer::Insight of each search as JSON, validation accuracy in per cent; takes seconds.
// Deterministic. Runs of the winner for longer, which are no trials of the search, are left out.
std::vector<Json> insights_of(const Answer& answer, const std::vector<Search>& searches);

// Shares of the variance by parameter, of insights_of().
Table importances_table(const std::vector<Search>& searches, const std::vector<Json>& insights);

}  // namespace frugal::report
