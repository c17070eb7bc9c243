// A study's report: one HTML file that needs nothing else, as html.h's.
#pragma once

#include <string>

#include "report/study.h"
#include "report/study_summary.h"

namespace frugal::report {

std::string html_report(const Study& study, const StudySummary& summary);

// Test accuracy of each arm against what a run of it cost; "" when there is nothing to show yet.
std::string tradeoff_figure(const Study& study, const StudySummary& summary);

}  // namespace frugal::report
