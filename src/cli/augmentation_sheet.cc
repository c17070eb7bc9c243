#include "cli/augmentation_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kPhotographs = 8;
constexpr SheetOptions kSheet{.seed = 0, .variants = 4, .resolution = 112};
constexpr int kQuality = 80;

}  // namespace

std::vector<data::Image> sheet_photographs(const RunData& run) {
  std::vector<data::Image> images;
  std::string reason;
  const std::size_t step = std::max<std::size_t>(run.split.train.size() / kPhotographs, 1);
  for (std::size_t i = 0; i < run.split.train.size() && images.size() < kPhotographs; i += step) {
    try {
      images.push_back(data::read_image(run.dataset.photographs[run.split.train[i]].path,
                                        {.at_least_short_side = 2 * kSheet.resolution}));
    } catch (const Error& error) {
      reason = error.what();
    }
  }
  if (images.empty()) throw InputError("no training photograph can be read: " + reason);
  return images;
}

AugmentationSheet augmentation_sheet(const augment::Policy& policy,
                                     const std::vector<data::Image>& photographs) {
  std::vector<std::string> names;
  for (const augment::TransformUse& use : policy.uses) names.push_back(use.transform);
  const data::Image sheet = show(policy, photographs, kSheet).sheet(photographs.size());
  return {.transforms = fmt::format("{}", fmt::join(names, ", ")),
          .photographs = photographs.size(),
          .variants = kSheet.variants,
          .width = sheet.width,
          .height = sheet.height,
          .jpeg = data::encode_jpeg(sheet, kQuality)};
}

}  // namespace frugal::cli
