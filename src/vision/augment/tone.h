// What a transform does to each value of a channel, or to each pixel, whatever stands beside it;
// as torchvision defines it for uint8 tensors, to the last bit. Pixels change in place.
#pragma once

#include <cstdint>
#include <span>

namespace frugal::augment {

// pixels: RGB, interleaved.
void to_grey(std::span<std::uint8_t> pixels);
void invert(std::span<std::uint8_t> pixels);
// Keeps the highest bits, 0..8, of each value.
void posterize(std::span<std::uint8_t> pixels, int bits);
// Inverts the values from threshold (0..256) on.
void solarize(std::span<std::uint8_t> pixels, double threshold);
// Makes the histogram of each channel flat, as far as whole values can be.
void equalize(std::span<std::uint8_t> pixels);
// Stretches each channel to 0..255; a channel of one value stays.
void stretch_contrast(std::span<std::uint8_t> pixels);

}  // namespace frugal::augment
