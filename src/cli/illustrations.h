// What a report shows besides what result.json says: pictures, from the run's model and
// photographs, what the trials teach, and what `frugal explain` has found.
#pragma once

#include "cli/console.h"
#include "cli/run_folder.h"
#include "report/html.h"

namespace frugal::cli {

// What the trials teach (report/searches.h); none, with a message that says why, when they cannot
// be read. Seconds.
std::vector<Json> insights(const report::Answer& answer, Console& console);

// Seconds to a minute the first time; pictures are kept in the run's folder while its model and
// its photographs are the same. What cannot be had is left out, with a message that says why.
report::Illustrations illustrate(const RunFolder& folder, const report::Answer& answer,
                                 Console& console);

}  // namespace frugal::cli
