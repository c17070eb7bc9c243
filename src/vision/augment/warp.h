// Maps of the plane: where each pixel of the result comes from. As torchvision's affine, rotate and
// perspective for tensors: pixel centres stand at half coordinates, and what lies outside the
// picture counts as fill, at its border pixel by pixel. Pictures change in place and keep their
// size.
#pragma once

#include <array>
#include <cstdint>

#include "vision/data/image.h"

namespace frugal::augment {

enum class Sampling { kNearest, kBilinear };

// Source x = (a x + b y + c) / (g x + h y + 1), source y = (d x + e y + f) / (g x + h y + 1), in
// pixels from the picture's upper left corner.
struct PlaneMap {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0;
};

void warp(data::Image& picture, const PlaneMap& from_result, Sampling sampling, std::uint8_t fill);

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

// Shears, turns clockwise and shifts by pixels, as torchvision's functional.affine does (its rotate
// turns the other way). centre: stays where it is but for the shift.
struct AffineMap {
  double rotation_degrees = 0, shear_x_degrees = 0, shear_y_degrees = 0;
  Point shift{};
  bool operator==(const AffineMap&) const = default;
};
PlaneMap plane_map(const AffineMap& map, Point centre);

// The map that moves the corners of a picture of that size (upper left, upper right, lower right,
// lower left; pixel coordinates, 0..side − 1) to `corners`. The identity when the corners lie in
// one line, as in a picture one pixel wide.
PlaneMap perspective_map(data::Size size, const std::array<Point, 4>& corners);

}  // namespace frugal::augment
