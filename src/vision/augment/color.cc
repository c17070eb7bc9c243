#include "vision/augment/color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

std::uint8_t clamped(double value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
}

// ITU-R BT.601 luma, truncated as torchvision's rgb_to_grayscale does.
std::uint8_t grey(const std::uint8_t* pixel) {
  return static_cast<std::uint8_t>(0.2989f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]);
}

// Every value v becomes factor × v + offset.
void blend_with_constant(std::span<std::uint8_t> pixels, double factor, double offset) {
  std::array<std::uint8_t, 256> table;
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = clamped(factor * static_cast<double>(v) + offset);
  for (std::uint8_t& value : pixels) value = table[value];
}

struct Hsv {
  float hue, saturation, value;  // each 0..1
};

Hsv to_hsv(float r, float g, float b) {
  const float max = std::max({r, g, b}), min = std::min({r, g, b});
  const float chroma = max - min;
  if (chroma == 0) return {0, 0, max};
  float sixths = 4 + (r - g) / chroma;
  if (max == r)
    sixths = (g - b) / chroma;
  else if (max == g)
    sixths = 2 + (b - r) / chroma;
  const float hue = sixths / 6;
  return {hue - std::floor(hue), chroma / max, max};
}

std::array<float, 3> to_rgb(const Hsv& color) {
  const float sixths = color.hue * 6;
  const float sector = std::floor(sixths), f = sixths - sector;
  const float v = color.value, s = color.saturation;
  const float p = v * (1 - s), q = v * (1 - s * f), t = v * (1 - s * (1 - f));
  switch (static_cast<int>(sector) % 6) {
    case 0:
      return {v, t, p};
    case 1:
      return {q, v, p};
    case 2:
      return {p, v, t};
    case 3:
      return {p, q, v};
    case 4:
      return {t, p, v};
    default:
      return {v, p, q};
  }
}

}  // namespace

void adjust_brightness(std::span<std::uint8_t> pixels, double factor) {
  blend_with_constant(pixels, factor, 0);
}

void adjust_contrast(std::span<std::uint8_t> pixels, double factor) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < pixels.size(); i += kChannels) sum += grey(&pixels[i]);
  const double mean =
      static_cast<double>(sum) / static_cast<double>(std::max<std::size_t>(pixels.size() / 3, 1));
  blend_with_constant(pixels, factor, (1 - factor) * mean);
}

void adjust_saturation(std::span<std::uint8_t> pixels, double factor) {
  const auto colored = static_cast<float>(factor), rest = static_cast<float>(1 - factor);
  for (std::size_t i = 0; i < pixels.size(); i += kChannels) {
    const float offset = rest * grey(&pixels[i]);
    for (std::size_t c = 0; c < kChannels; ++c)
      pixels[i + c] = static_cast<std::uint8_t>(
          std::clamp(colored * static_cast<float>(pixels[i + c]) + offset, 0.0f, 255.0f));
  }
}

void adjust_hue(std::span<std::uint8_t> pixels, double turn) {
  if (turn == 0) return;
  for (std::size_t i = 0; i < pixels.size(); i += kChannels) {
    Hsv color = to_hsv(pixels[i] / 255.0f, pixels[i + 1] / 255.0f, pixels[i + 2] / 255.0f);
    const float hue = color.hue + static_cast<float>(turn);
    color.hue = hue - std::floor(hue);
    const std::array<float, 3> rgb = to_rgb(color);
    // 255.999: torchvision's convert_image_dtype from float to uint8.
    for (std::size_t c = 0; c < kChannels; ++c) pixels[i + c] = clamped(rgb[c] * 255.999);
  }
}

}  // namespace frugal::augment
