// Colour adjustments as torchvision defines them for uint8 (torchvision.transforms.functional,
// tensor backend): blends of the picture with black, with its mean grey, with its own grey; a
// rotation of the hue. Results are clamped to 0..255 and truncated. Pixels change in place.
#pragma once

#include <cstdint>
#include <span>

namespace frugal::augment {

// pixels: RGB, interleaved. factor: any non-negative finite number; 1 leaves the picture as it is.
void adjust_brightness(std::span<std::uint8_t> pixels, double factor);
void adjust_contrast(std::span<std::uint8_t> pixels, double factor);
void adjust_saturation(std::span<std::uint8_t> pixels, double factor);
// turn: of the colour circle, -0.5..0.5; 0 leaves the picture as it is.
void adjust_hue(std::span<std::uint8_t> pixels, double turn);

}  // namespace frugal::augment
