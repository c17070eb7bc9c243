#include "vision/draw/camera.h"

#include <algorithm>
#include <cmath>

namespace frugal::draw {
namespace {

// x to the right, y up, z towards the camera.
Space to_camera(const Camera& camera, Space p) {
  p = p - camera.target;
  const double x = p.x * std::cos(camera.yaw) - p.z * std::sin(camera.yaw);
  const double z = p.x * std::sin(camera.yaw) + p.z * std::cos(camera.yaw);
  return {x, p.y * std::cos(camera.pitch) - z * std::sin(camera.pitch),
          z * std::cos(camera.pitch) + p.y * std::sin(camera.pitch)};
}

}  // namespace

Space cross(Space a, Space b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

Space normalized(Space a) {
  const double length = std::sqrt(std::max(dot(a, a), 1e-18));
  return {a.x / length, a.y / length, a.z / length};
}

Point Camera::project(Space p) const {
  const Space q = to_camera(*this, p);
  const double scale =
      pixels_per_metre * distance_metres / std::max(distance_metres - q.z, 0.1 * distance_metres);
  const Point seen{scale * q.x, -scale * q.y};
  const Point rolled{seen.x * std::cos(roll) - seen.y * std::sin(roll),
                     seen.x * std::sin(roll) + seen.y * std::cos(roll)};
  return centre + Point{mirrored ? -rolled.x : rolled.x, rolled.y};
}

double Camera::nearness(Space p) const {
  return to_camera(*this, p).z;
}

double Camera::horizon() const {
  return centre.y - pixels_per_metre * distance_metres * std::tan(pitch);
}

}  // namespace frugal::draw
