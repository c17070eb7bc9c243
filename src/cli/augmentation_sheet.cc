#include "cli/augmentation_sheet.h"

#include <fmt/format.h>

#include "cli/some_photographs.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kPhotographs = 8;
constexpr SheetOptions kSheet{.seed = 0, .variants = 4, .resolution = 112};
constexpr int kQuality = 80;

}  // namespace

std::vector<data::Image> sheet_photographs(const RunData& run) {
  return some_photographs(run, kPhotographs, kSheet.resolution);
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
