#include "vision/augment/color.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "vision/augment/color_kernels.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

// The table of two blends, one after the other.
ValueTable composed(const ValueTable& first, float factor, float offset) {
  ValueTable table;
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<std::uint8_t>(
        std::clamp(factor * static_cast<float>(first[v]) + offset, 0.0f, 255.0f));
  return table;
}

ValueTable identity() {
  ValueTable table;
  for (std::size_t v = 0; v < table.size(); ++v) table[v] = static_cast<std::uint8_t>(v);
  return table;
}

// Pixels of a block as planes, so that the compiler turns the loops over them into vectors.
constexpr std::size_t kBlock = 256;
struct Planes {
  alignas(64) std::array<float, kBlock> red, green, blue;
};

void to_planes(std::span<const std::uint8_t> pixels, Planes& planes) {
  for (std::size_t i = 0; i < pixels.size() / kChannels; ++i) {
    planes.red[i] = static_cast<float>(pixels[i * kChannels]);
    planes.green[i] = static_cast<float>(pixels[i * kChannels + 1]);
    planes.blue[i] = static_cast<float>(pixels[i * kChannels + 2]);
  }
}

void from_planes(const Planes& planes, std::span<std::uint8_t> pixels) {
  for (std::size_t i = 0; i < pixels.size() / kChannels; ++i) {
    pixels[i * kChannels] = static_cast<std::uint8_t>(planes.red[i]);
    pixels[i * kChannels + 1] = static_cast<std::uint8_t>(planes.green[i]);
    pixels[i * kChannels + 2] = static_cast<std::uint8_t>(planes.blue[i]);
  }
}

// a where chosen, else b: by bits, as the compiler makes no vectors of loops with branches.
float select(bool chosen, float a, float b) {
  const std::uint32_t mask = -static_cast<std::uint32_t>(chosen);
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(a) & mask) |
                              (std::bit_cast<std::uint32_t>(b) & ~mask));
}

// torchvision's _rgb2hsv, a turn of the hue, and its _hsv2rgb, operation by operation. 0..255 in
// and out.
void turn_hue(Planes& planes, float turn) {
  for (std::size_t i = 0; i < kBlock; ++i) {
    const float r = planes.red[i] / 255, g = planes.green[i] / 255, b = planes.blue[i] / 255;
    const float rg_max = r > g ? r : g, rg_min = r < g ? r : g;
    const float max = rg_max > b ? rg_max : b, min = rg_min < b ? rg_min : b;
    const float chroma = max - min;
    const bool grey = chroma == 0;
    const float divisor = select(grey, 1, chroma);
    const float s = chroma / select(grey, 1, max);
    const float rc = (max - r) / divisor, gc = (max - g) / divisor, bc = (max - b) / divisor;
    const float not_red = select(max == g, 2.0f + rc - bc, 4.0f + gc - rc);
    float h = select(max == r, bc - gc, not_red) / 6.0f + 1.0f;
    h -= select(h >= 1.0f, 1, 0);
    h += turn;
    h += select(h < 0.0f, 1, 0);
    h -= select(h >= 1.0f, 1, 0);
    const float sixths = h * 6.0f;
    const int whole = static_cast<int>(sixths);  // 0 .. 5, or 6 when h was rounded up to 1
    const float f = sixths - static_cast<float>(whole);
    const float p = max * (1.0f - s), q = max * (1.0f - s * f), t = max * (1.0f - s * (1.0f - f));
    const float up = select((whole & 1) == 0, t, q);  // neither the largest nor the least channel
    // Which channel is the least, in two neighbouring sectors each, and which the largest.
    const bool red_min = (whole >> 1) == 1, green_min = (whole >> 1) == 2;
    const bool red_max = (whole == 0) | (whole >= 5), green_max = (whole == 1) | (whole == 2);
    const bool blue_max = (whole == 3) | (whole == 4);
    const bool blue_min = (whole <= 1) | (whole == 6);
    // 255.999: torchvision's convert_image_dtype from float to uint8.
    planes.red[i] = select(red_min, p, select(red_max, max, up)) * 255.999f;
    planes.green[i] = select(green_min, p, select(green_max, max, up)) * 255.999f;
    planes.blue[i] = select(blue_min, p, select(blue_max, max, up)) * 255.999f;
  }
}

}  // namespace

void adjust_color(std::span<std::uint8_t> pixels, std::span<const ColorStep> steps) {
  ValueTable pending = identity();  // what still has to be done to each value
  bool any = false;
  for (const ColorStep& step : steps) {
    if (step.factor == 1) continue;
    const auto factor = static_cast<float>(step.factor);
    const auto rest = static_cast<float>(1 - step.factor);
    if (step.kind == ColorKind::kSaturation) {
      fast::saturate(pixels, pending, factor, rest);
      pending = identity();
      any = false;
      continue;
    }
    float offset = 0;
    if (step.kind == ColorKind::kContrast) {
      const auto sum = static_cast<double>(fast::grey_sum(pixels, pending));
      const std::size_t count = std::max<std::size_t>(1, pixels.size() / kChannels);
      offset = rest * static_cast<float>(sum / static_cast<double>(count));
    }
    pending = composed(pending, factor, offset);
    any = true;
  }
  if (any) fast::look_up(pixels, pending);
}

void adjust_hue(std::span<std::uint8_t> pixels, double turn) {
  if (turn == 0) return;
  Planes planes{};
  while (!pixels.empty()) {
    const auto block = pixels.first(std::min(pixels.size(), kBlock * kChannels));
    to_planes(block, planes);
    turn_hue(planes, static_cast<float>(turn));
    from_planes(planes, block);
    pixels = pixels.subspan(block.size());
  }
}

}  // namespace frugal::augment
