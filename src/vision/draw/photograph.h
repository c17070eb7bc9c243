// One photograph of one vehicle.
#pragma once

#include <cstddef>

#include "base/random.h"
#include "vision/data/image.h"
#include "vision/draw/shape.h"

namespace frugal::draw {

struct PhotographOptions {
  std::size_t size = 96;  // pixels, square; 16 at least
  // How much view, light, background and camera vary: 0 a studio, 1 a street.
  double variation = 1;
};

// A pure function of its arguments. About a millisecond at 96 pixels.
data::Image draw_vehicle(const ClassShape& shape, const PhotographOptions& options,
                         RandomStream random);

}  // namespace frugal::draw
