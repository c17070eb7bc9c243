// Transforms that look at a pixel's neighbours or add to it: sharpness and blur as torchvision
// defines them, sensor noise, JPEG's losses. Pictures change in place.
#pragma once

#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::augment {

// A blend with the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, whose border stays as it is.
// factor: 0 smooth, 1 as it is, above sharper. A picture of a side of two pixels or fewer stays.
void adjust_sharpness(data::Image& picture, double factor);

// Gaussian, cut off at three deviations; the picture is mirrored at its border (without the border
// itself). deviation: pixels, above 0. Equals torchvision's gaussian_blur with a kernel of
// 2 ⌈3 deviation⌉ + 1 within one value.
void blur(data::Image& picture, double deviation);

// Independent Gaussian noise on every channel of every pixel. deviation: of 255.
void add_noise(data::Image& picture, double deviation, RandomStream& random);

// What JPEG of that quality (1..100), with libjpeg's defaults, leaves of the picture.
void compress(data::Image& picture, int quality);

}  // namespace frugal::augment
