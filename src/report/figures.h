// The plots of a report, drawn from an answer. Each is "" when there is nothing to show yet.
#pragma once

#include <string>

#include "report/answer.h"
#include "report/summary.h"

namespace frugal::report {

// The name of the most expensive task with a trial that is done: the one that the search is
// judged by. "" before the first.
std::string judged_task(const Answer& answer);

std::string search_figure(const Answer& answer, const Summary& summary);
std::string tradeoff_figure(const Answer& answer, const Summary& summary);
// Two drawings side by side: validation accuracy and training loss of the best trials.
std::string curves_figure(const Answer& answer);

}  // namespace frugal::report
