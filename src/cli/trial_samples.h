// For the dashboard: what each trial's augmentation makes of some training photographs of its run.
// Drawn when somebody looks, and only then: nothing is kept, and no trial pays for it.
#pragma once

#include <mutex>
#include <vector>

#include "cli/run_folder.h"
#include "experiment/experiment.h"
#include "serve/samples.h"
#include "vision/data/image.h"

namespace frugal::cli {

class TrialSamples {
 public:
  explicit TrialSamples(RunFolder folder) : folder_(std::move(folder)) {}

  // Where there is nothing to see it says why. Thread-safe: one sheet is drawn at a time, beside
  // the trials.
  serve::AugmentedSamples draw(const experiment::Experiment& experiment,
                               const experiment::Trial& trial);

 private:
  RunFolder folder_;
  std::mutex mutex_;
  std::vector<data::Image> photographs_;  // read at the first call
};

}  // namespace frugal::cli
