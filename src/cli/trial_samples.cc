#include "cli/trial_samples.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/augmentation_sheet.h"
#include "cli/inquiry.h"
#include "worker/training_executor.h"

namespace frugal::cli {
serve::AugmentedSamples TrialSamples::draw(const experiment::Experiment& experiment,
                                           const experiment::Trial& trial) try {
  if (!experiment.metadata.contains("training"))
    return {.lacking = "this trial runs a program, and trains no network of ours"};
  const train::Recipe recipe = worker::recipe_of(experiment, trial);
  if (std::string reason = without_policy(recipe, "this trial's"); !reason.empty())
    return {.lacking = std::move(reason)};
  const std::lock_guard lock(mutex_);
  if (photographs_.empty()) photographs_ = sheet_photographs(folder_.load_data());
  AugmentationSheet sheet = augmentation_sheet(policy_of(recipe), photographs_);
  return {.lacking = "",
          .transforms = std::move(sheet.transforms),
          .photographs = sheet.photographs,
          .variants = sheet.variants,
          .width = sheet.width,
          .height = sheet.height,
          .jpeg = std::move(sheet.jpeg)};
} catch (const InputError& error) {
  return {.lacking = error.what()};
}

}  // namespace frugal::cli
