// A pinhole camera that looks at the vehicle's side from a little above.
#pragma once

#include "vision/draw/raster.h"

namespace frugal::draw {

// Metres: x from tail to nose, y up from the road, z from the middle towards the side that is
// photographed.
struct Space {
  double x = 0, y = 0, z = 0;
};
inline Space operator-(Space a, Space b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline double dot(Space a, Space b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Space cross(Space a, Space b);
Space normalized(Space a);

struct Camera {
  double yaw = 0;    // radians; above 0 the nose comes nearer, below 0 the tail
  double pitch = 0;  // radians down from the horizontal
  double roll = 0;   // radians
  double distance_metres = 10;
  double pixels_per_metre = 20;  // at the vehicle
  Point centre{};                // pixels; where target is seen
  Space target{0, 0.6, 0};       // metres
  bool mirrored = false;         // the vehicle drives to the left

  Point project(Space p) const;
  // Metres nearer to the camera than the target.
  double nearness(Space p) const;
  // y in pixels, at the centre's x, of what lies infinitely far away.
  double horizon() const;
};

}  // namespace frugal::draw
