// Where the pixels are taken from. Pictures change in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::augment {

struct Window {
  std::size_t top = 0, left = 0, height = 0, width = 0;
};

// window: inside the picture.
void crop(data::Image& picture, const Window& window);
void flip_horizontally(data::Image& picture);

// A window of the view's size inside the picture, uniform over the shifts from the centre up to
// shift (0..1) of what there is room for.
Window draw_shift(data::Size picture, data::Size view, double shift, RandomStream& random);

// torchvision's RandomResizedCrop.get_params (Szegedy et al. 2015): a window of a share of the
// picture's area in [scale_min, scale_max], its aspect that of the view times a factor
// log-uniform in [ratio_min, ratio_max]; after ten misses the largest centred one.
struct ResizedCropRange {
  double scale_min, scale_max, ratio_min, ratio_max;
};
Window draw_resized_crop(data::Size picture, data::Size view, const ResizedCropRange& range,
                         RandomStream& random);

// torchvision's RandomErasing.get_params (Zhong et al. 2020): a window of a share of the picture's
// area in [scale_min, scale_max] and an aspect (height / width) log-uniform in
// [ratio_min, ratio_max]; after ten misses an empty one.
Window draw_erasing(data::Size picture, const ResizedCropRange& range, RandomStream& random);
void fill(data::Image& picture, const Window& window, std::uint8_t value);

}  // namespace frugal::augment
