#include "cli/contact_sheet.h"

#include <algorithm>

#include "cli/plan.h"
#include "vision/augment/preview.h"

namespace frugal::cli {
namespace {

double median_aspect(const std::vector<data::Image>& images) {
  std::vector<double> aspects;
  for (const data::Image& image : images)
    aspects.push_back(static_cast<double>(image.width) / static_cast<double>(image.height));
  std::sort(aspects.begin(), aspects.end());
  return aspects[aspects.size() / 2];
}

}  // namespace

ShownPhotographs show(const augment::Policy& policy, const std::vector<data::Image>& images,
                      const SheetOptions& options) {
  const data::Size view{options.resolution, view_width(options.resolution, median_aspect(images))};
  std::vector<data::Image> canvases;
  for (const data::Image& image : images)
    canvases.push_back(data::resize_and_center_crop(image, augment::canvas_for(view)));
  ShownPhotographs shown{augment::central_views(canvases, view), {}};
  for (std::size_t variant = 0; variant < options.variants; ++variant)
    shown.variants.push_back(
        augment::training_views(policy, canvases, view, options.seed, variant));
  return shown;
}

data::Image ShownPhotographs::sheet(std::size_t count) const {
  std::vector<std::vector<data::Image>> rows = {originals};
  rows.insert(rows.end(), variants.begin(), variants.end());
  for (auto& row : rows) row.resize(std::min(row.size(), count));
  return augment::contact_sheet(rows);
}

}  // namespace frugal::cli
