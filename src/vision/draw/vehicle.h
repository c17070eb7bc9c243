// A vehicle of a class on a canvas: the class's side view, extruded across its width.
#pragma once

#include "vision/draw/camera.h"
#include "vision/draw/raster.h"
#include "vision/draw/shape.h"

namespace frugal::draw {

// What varies within a class.
struct Livery {
  Colour paint{0.7, 0.1, 0.1};
  Colour rim{0.75, 0.75, 0.78};
  Colour glass{0.12, 0.16, 0.2};
  double gloss = 0.5;      // [0, 1]
  double dirt = 0;         // [0, 1], from the sill upwards
  double wheel_angle = 0;  // radians; how far the wheels have turned
  bool lamps_on = false;
};

struct Light {
  Space sun{0.3, 0.8, 0.5};  // towards it, a unit vector
  double direct = 0.6;       // share of the light that comes from the sun
  Colour tint{1, 1, 1};
};

// The shadow on the road, under the vehicle.
void draw_shadow(Canvas& canvas, const ClassShape& shape, const Camera& camera, const Light& light);
void draw_body(Canvas& canvas, const ClassShape& shape, const Camera& camera, const Light& light,
               const Livery& livery);

}  // namespace frugal::draw
