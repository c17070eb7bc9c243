// A study's report: one HTML file that needs nothing else, as html.h's.
#pragma once

#include <string>

#include "report/study.h"
#include "report/study_summary.h"

namespace frugal::report {

std::string html_report(const Study& study, const StudySummary& summary);

}  // namespace frugal::report
