// The report: one HTML file that needs nothing else. No network (a content security policy forbids
// it, and allows no script but the report's own, by their hashes), light and dark, made for print
// and for screen readers. Text and tables stand in the page and need no script; the charts are the
// dashboard's, its built form with the trials beside it (page_data.h). The page's text and look
// stand in report.html, report.css and report.js, which the build embeds; this file fills them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/answer.h"
#include "report/explanation.h"
#include "report/summary.h"

namespace frugal::report {

// What takes time, the model or the photographs, and may be lacking.
struct Illustrations {
  std::vector<Json> insights;        // searches.h
  std::vector<PictureRow> mistakes;  // the surest ones, and the classes that are most confused
  std::optional<Picture> augmented;  // training photographs, and below them what the policy shows
  std::string policy;                // in words
  std::vector<Finding> findings;     // of frugal explain, as far as it was asked
};

std::string html_report(const Answer& answer, const Summary& summary,
                        const Illustrations& illustrations = {});

}  // namespace frugal::report
