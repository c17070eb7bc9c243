// The sheet of training photographs that reports and the dashboard show of a policy: the same
// photographs, drawn from in the same way, whatever the policy.
#pragma once

#include <string>
#include <vector>

#include "cli/contact_sheet.h"
#include "cli/run_folder.h"
#include "vision/augment/policy.h"

namespace frugal::cli {

struct AugmentationSheet {
  std::string transforms;  // their names, in the order in which they are applied
  std::size_t photographs = 0;
  std::size_t variants = 0;  // of each
  std::size_t width = 0, height = 0;
  std::string jpeg;  // in the first row the photographs as they are, the variants below
};

// Throws InputError as some_photographs does.
std::vector<data::Image> sheet_photographs(const RunData& run);

AugmentationSheet augmentation_sheet(const augment::Policy& policy,
                                     const std::vector<data::Image>& photographs);

}  // namespace frugal::cli
