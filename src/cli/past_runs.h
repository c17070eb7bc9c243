// What finished runs and studies tell before another one begins.
#pragma once

#include <string>
#include <vector>

#include "report/advice.h"

namespace frugal::cli {

struct Past {
  std::vector<report::PastRun> runs;
  report::PastGains gains;
};

// folders: of runs or studies, or folders that hold them, three deep at most. Unfinished runs are
// passed over. data: the photographs that advice is asked for. Throws InputError for a folder in
// which no finished run is found.
Past read_past(const std::vector<std::string>& folders, const std::string& data);

}  // namespace frugal::cli
