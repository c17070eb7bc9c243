// What a trial's augmentation makes of training photographs, to look at. The server knows neither:
// whoever runs the trials draws them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "experiment/experiment.h"

namespace frugal::serve {

struct AugmentedSamples {
  std::string lacking;                // why there are none; "": there are
  std::string transforms;             // in words
  std::size_t photographs = 0;        // side by side
  std::size_t variants = 0;           // below each
  std::size_t width = 0, height = 0;  // pixels
  std::string jpeg;
};

// Called from several threads at once, for an experiment and a trial of its.
using DrawSamples =
    std::function<AugmentedSamples(const experiment::Experiment&, const experiment::Trial&)>;

}  // namespace frugal::serve
