// A cheap look at how well a network's features tell these photographs apart: closed-form heads on
// some of the training photographs, for three sizes of the set, judged on some of the validation
// photographs. The test part is not touched.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/run_folder.h"

namespace frugal::cli {

struct ProbeRequest {
  std::string weights;
  std::size_t height = 0;        // of the run that is planned; the probe looks at no more pixels
  double images_per_second = 1;  // through the frozen network at that height, all cores together
  double seconds = 10;           // to be spent, about
  unsigned threads = 1;
  std::filesystem::path cache;
};

struct Probe {
  std::size_t height = 0;
  std::vector<std::size_t> sizes;          // of the training sets, ascending
  std::vector<std::vector<bool>> correct;  // [size][photograph that judged]
};

// The first `count` of those photographs, class by class in turn.
std::vector<std::size_t> in_turn(const data::Dataset& dataset,
                                 const std::vector<std::size_t>& photographs, std::size_t count);

Probe probe_features(const RunData& data, const ProbeRequest& request, Console& console);

}  // namespace frugal::cli
