// What stands around the vehicle, and what the camera makes of it all.
#pragma once

#include "base/random.h"
#include "vision/data/image.h"
#include "vision/draw/camera.h"
#include "vision/draw/raster.h"
#include "vision/draw/vehicle.h"

namespace frugal::draw {

// clutter: [0, 1], how much stands around.
void draw_background(Canvas& canvas, const Camera& camera, const Light& light, double clutter,
                     RandomStream random);
// What comes between the camera and the vehicle, at the lower edge.
void draw_foreground(Canvas& canvas, const Camera& camera, const Light& light, double clutter,
                     RandomStream random);

struct Exposure {
  double gain = 1;
  double contrast = 1;     // around middle grey
  double vignette = 0;     // share of the light that the corners lose
  double blur_pixels = 0;  // standard deviation
  double noise = 0;        // standard deviation of each channel; 1 is white
};

// The canvas as the camera's sensor sees it, in 8 bits.
data::Image expose(const Canvas& canvas, const Exposure& exposure, RandomStream random);

}  // namespace frugal::draw
