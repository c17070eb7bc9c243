// Colour adjustments as torchvision defines them for uint8 (torchvision.transforms.functional,
// tensor backend): blends of the picture with black, with its mean grey, with its own grey; a
// rotation of the hue. Brightness, contrast and saturation agree with torchvision 0.14 to the last
// bit; hue agrees with torchvision from 0.15 on, whose last step rounds (0.14 truncates, and is at
// most one lower). Pixels change in place.
#pragma once

#include <cstdint>
#include <span>

namespace frugal::augment {

enum class ColorKind { kBrightness, kContrast, kSaturation };
struct ColorStep {
  ColorKind kind = ColorKind::kBrightness;
  double factor = 1;  // 0..1e6; 1 leaves the picture as it is
};

// pixels: RGB, interleaved. The steps one after the other, as if each were done alone, in as few
// passes over the pixels as they need: contrast reads once for its mean, saturation reads and
// writes once, brightness and the blending of contrast ride along.
void adjust_color(std::span<std::uint8_t> pixels, std::span<const ColorStep> steps);

// turn: of the colour circle, -0.5..0.5; 0 leaves the picture as it is.
void adjust_hue(std::span<std::uint8_t> pixels, double turn);

}  // namespace frugal::augment
