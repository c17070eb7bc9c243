// For this room's tests: pictures, and what a policy makes of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vision/augment/policy.h"

namespace frugal::augment::testing {

inline data::Size size_of(const data::Image& image) {
  return {image.height, image.width};
}

// Every kind of colour; black and white among them.
inline data::Image picture(std::size_t height, std::size_t width) {
  data::Image image{height, width, std::vector<std::uint8_t>(height * width * 3)};
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        image.pixels[(y * width + x) * 3 + c] =
            static_cast<std::uint8_t>((y * 37 + x * 59 + c * (y + x) * 41) % 256);
  std::fill_n(image.pixels.begin(), 3, std::uint8_t{0});
  if (width > 1) std::fill_n(image.pixels.begin() + 3, 3, std::uint8_t{255});
  return image;
}

inline data::Image applied(const Policy& policy, const data::Image& canvas, data::Size view,
                           std::uint64_t seed = 0) {
  data::Image out{view.height, view.width, std::vector<std::uint8_t>(view.height * view.width * 3)};
  apply(policy, canvas.pixels, size_of(canvas), view, RandomStream(seed), out.pixels);
  return out;
}

}  // namespace frugal::augment::testing
