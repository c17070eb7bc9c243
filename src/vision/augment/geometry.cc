#include "vision/augment/geometry.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

std::size_t draw_offset(std::size_t room, double shift, RandomStream& random) {
  const double center = static_cast<double>(room) / 2;
  const auto low = static_cast<std::size_t>(std::ceil(center - shift * center - 0.5));
  const auto high = static_cast<std::size_t>(std::floor(center + shift * center));
  return low + random.below(high - low + 1);
}

Window centered(data::Size picture, double height, double width) {
  const auto side = [](double length, std::size_t limit) {
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(length)), 1, limit);
  };
  Window window{0, 0, side(height, picture.height), side(width, picture.width)};
  window.top = (picture.height - window.height) / 2;
  window.left = (picture.width - window.width) / 2;
  return window;
}

}  // namespace

void crop(data::Image& picture, const Window& window) {
  FRUGAL_CHECK(window.top + window.height <= picture.height);
  FRUGAL_CHECK(window.left + window.width <= picture.width);
  std::uint8_t* pixels = picture.pixels.data();
  for (std::size_t y = 0; y < window.height; ++y)
    std::memmove(pixels + y * window.width * kChannels,
                 pixels + ((window.top + y) * picture.width + window.left) * kChannels,
                 window.width * kChannels);
  picture.height = window.height;
  picture.width = window.width;
  picture.pixels.resize(window.height * window.width * kChannels);
}

void flip_horizontally(data::Image& picture) {
  for (std::size_t y = 0; y < picture.height; ++y) {
    std::uint8_t* row = picture.pixels.data() + y * picture.width * kChannels;
    for (std::size_t left = 0, right = picture.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + left * kChannels, row + (left + 1) * kChannels,
                       row + right * kChannels);
  }
}

Window draw_shift(data::Size picture, data::Size view, double shift, RandomStream& random) {
  FRUGAL_CHECK(view.height <= picture.height && view.width <= picture.width);
  const std::size_t top = draw_offset(picture.height - view.height, shift, random);
  const std::size_t left = draw_offset(picture.width - view.width, shift, random);
  return {top, left, view.height, view.width};
}

Window draw_resized_crop(data::Size picture, data::Size view, const ResizedCropRange& range,
                         RandomStream& random) {
  const auto height = static_cast<double>(picture.height);
  const auto width = static_cast<double>(picture.width);
  const double aspect = static_cast<double>(view.width) / static_cast<double>(view.height);
  const double low = std::log(range.ratio_min * aspect), high = std::log(range.ratio_max * aspect);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = height * width * random.uniform(range.scale_min, range.scale_max);
    const double ratio = std::exp(random.uniform(low, high));
    const auto w = static_cast<std::size_t>(std::lround(std::sqrt(area * ratio)));
    const auto h = static_cast<std::size_t>(std::lround(std::sqrt(area / ratio)));
    if (w == 0 || h == 0 || w > picture.width || h > picture.height) continue;
    const std::size_t top = random.below(picture.height - h + 1);
    return {top, random.below(picture.width - w + 1), h, w};
  }
  if (width / height < std::exp(low)) return centered(picture, width / std::exp(low), width);
  if (width / height > std::exp(high)) return centered(picture, height, height * std::exp(high));
  return centered(picture, height, width);
}

Window draw_erasing(data::Size picture, const ResizedCropRange& range, RandomStream& random) {
  const double area = static_cast<double>(picture.height * picture.width);
  const double low = std::log(range.ratio_min), high = std::log(range.ratio_max);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double share = area * random.uniform(range.scale_min, range.scale_max);
    const double ratio = std::exp(random.uniform(low, high));
    const auto h = static_cast<std::size_t>(std::lround(std::sqrt(share * ratio)));
    const auto w = static_cast<std::size_t>(std::lround(std::sqrt(share / ratio)));
    if (h >= picture.height || w >= picture.width) continue;
    const std::size_t top = random.below(picture.height - h + 1);
    return {top, random.below(picture.width - w + 1), h, w};
  }
  return {};
}

void fill(data::Image& picture, const Window& window, std::uint8_t value) {
  FRUGAL_CHECK(window.top + window.height <= picture.height);
  FRUGAL_CHECK(window.left + window.width <= picture.width);
  for (std::size_t y = window.top; y < window.top + window.height; ++y)
    std::memset(picture.pixels.data() + (y * picture.width + window.left) * kChannels, value,
                window.width * kChannels);
}

}  // namespace frugal::augment
