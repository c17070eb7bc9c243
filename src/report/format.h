// An answer in the forms that people paste: the terminal's text, Markdown and CSV.
#pragma once

#include <string>
#include <vector>

#include "report/answer.h"
#include "report/summary.h"
#include "report/table.h"

namespace frugal::report {

// The results, the gap and the answer in one sentence; at most 100 columns, ends in a newline.
std::string text_report(const Answer& answer, const Summary& summary);

// Every table under a heading. insights: of searches.h, which take seconds; those that there are.
std::string markdown_report(const Answer& answer, const Summary& summary,
                            const std::vector<Json>& insights = {});

// Every table that has rows, one after the other, each after a line "# name" and with an empty
// line between them. For one file a table: to_csv of each of tables().
std::string csv_report(const Answer& answer, const Summary& summary,
                       const std::vector<Json>& insights = {});

// The tables of a report. Those of what is not there yet have no rows.
Table results_table(const Answer& answer, const Summary& summary);
Table gaps_table(const Answer& answer, const Summary& summary);
Table recipe_table(const Answer& answer);  // the winner's, beside the untuned one
Table trials_table(const Answer& answer);
Table confusions_table(const Answer& answer, const Summary& summary);
Table split_table(const Answer& answer);
Table broken_table(const Answer& answer);
Table agreements_table(const Answer& answer, const Summary& summary);  // of cheap and full tasks
Table costs_table(const Answer& answer);  // of the machine's time, by stage
Table work_table(const Answer& answer);   // of the workers' time, by what became of the trials
std::vector<Table> tables(const Answer& answer, const Summary& summary,
                          const std::vector<Json>& insights = {});

}  // namespace frugal::report
