// A few photographs to look at.
#pragma once

#include <cstddef>
#include <vector>

#include "cli/run_folder.h"
#include "vision/data/image.h"

namespace frugal::cli {

// So many of the training part at most, spread over it, those that can be read; twice as high as
// resolution pixels or more. Throws InputError when none can be read.
std::vector<data::Image> some_photographs(const RunData& run, std::size_t count,
                                          unsigned resolution);

}  // namespace frugal::cli
