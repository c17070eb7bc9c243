// What a report's page brings along for the front end (web/src/report/data.ts), as JSON. All
// accuracies in per cent.
#pragma once

#include <string>
#include <vector>

#include "report/answer.h"
#include "report/study.h"
#include "report/study_summary.h"
#include "report/summary.h"

namespace frugal::report {

inline constexpr std::size_t kMostTrials = 4000;  // on a page; of more, the best

// insights: of searches_of(answer), or none.
Json page_data(const Answer& answer, const Summary& summary, const std::vector<Json>& insights);
Json page_data(const Study& study, const StudySummary& summary);

// To stand in a script element.
std::string script_text(const Json& data);

}  // namespace frugal::report
