// The report: one HTML file that needs nothing else. No network (a content security policy forbids
// it, and allows no script but the report's own, by its hash), light and dark, made for print and
// for screen readers. The page's text and look stand in report.html, report.css and report.js,
// which the build embeds; this file fills them.
#pragma once

#include <string>

#include "report/answer.h"
#include "report/summary.h"

namespace frugal::report {

std::string html_report(const Answer& answer, const Summary& summary);

}  // namespace frugal::report
