// A study in the forms that people paste: the terminal's text, Markdown and CSV.
#pragma once

#include <string>
#include <vector>

#include "report/study.h"
#include "report/study_summary.h"
#include "report/table.h"

namespace frugal::report {

// Who is ahead in one sentence, then the results and the comparisons; at most 100 columns.
std::string text_report(const Study& study, const StudySummary& summary);
// Every table under a heading.
std::string markdown_report(const Study& study, const StudySummary& summary);
// Every table that has rows, one after the other, each after a line "# name".
std::string csv_report(const Study& study, const StudySummary& summary);

// Those of what is not there yet have no rows.
Table arms_table(const Study& study, const StudySummary& summary);  // accuracies and costs
Table pairs_table(const Study& study, const StudySummary& summary);
Table setup_table(const Study& study);  // what each arm is
Table runs_table(const Study& study);
std::vector<Table> tables(const Study& study, const StudySummary& summary);

}  // namespace frugal::report
