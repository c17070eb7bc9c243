// Photographs of another data set than the run's (--data), to judge its model by.
#pragma once

#include "cli/console.h"
#include "cli/options.h"
#include "cli/run_folder.h"
#include "vision/data/dataset.h"

namespace frugal::cli {

struct OtherData {
  data::Dataset dataset;  // checked
  std::size_t seen = 0;   // photographs that the run was trained or tuned on, by content
};

// Says what was left out, and warns of photographs that the run has seen.
OtherData read_other_data(const DataOptions& options, const RunData& run, unsigned threads,
                          Console& console);

}  // namespace frugal::cli
