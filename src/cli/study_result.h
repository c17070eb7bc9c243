// From the folders of a study's runs to its result: nothing is computed here that was not written
// down there.
#pragma once

#include <string>
#include <vector>

#include "cli/prices.h"
#include "cli/study_arms.h"
#include "cli/study_runs.h"
#include "report/study.h"

namespace frugal::cli {

struct StudyState {
  const DeclaredStudy* study = nullptr;
  const std::vector<ResolvedArm>* arms = nullptr;
  const StudyFolder* folder = nullptr;
  std::string command_line;
  std::string machine;
  Price price;
  double ended_at_seconds = 0;  // since the epoch; 0: not finished
};

// A run is done when it left predictions of the study's own test photographs, has failed when it
// left a reason, has begun when it left a cost. Throws InputError when the study's split is not
// there.
report::Study collect_study(const StudyState& state);

}  // namespace frugal::cli
