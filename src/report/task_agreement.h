// From the trials of an answer to the agreement of its tasks.
#pragma once

#include <vector>

#include "report/answer.h"
#include "report/summary.h"

namespace frugal::report {

// The full task costs 1. Trials that are not done have no part in it.
std::vector<TaskAgreement> task_agreements(const Answer& answer);

}  // namespace frugal::report
