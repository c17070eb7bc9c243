#include "vision/explain/alterations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "vision/augment/color.h"
#include "vision/augment/filter.h"
#include "vision/augment/geometry.h"

namespace frugal::explain {
namespace {

using data::Image;

constexpr double kBlurShare = 1.0 / 32;   // of the short side: the deviation
constexpr double kDarkness = 0.3;         // brightness that is left
constexpr std::size_t kClutterCount = 6;  // patches
constexpr double kClutterSide = 0.2;      // of the short side
constexpr double kStrongEdges = 0.02;     // share of the pixels that are drawn in full black

std::size_t short_side(const Image& picture) {
  return std::min(picture.height, picture.width);
}

void scale_color(Image& picture, augment::ColorKind kind, double factor) {
  const augment::ColorStep step{kind, factor};
  augment::adjust_color(picture.pixels, {&step, 1});
}

Image grey(Image picture, const Image&, RandomStream&) {
  scale_color(picture, augment::ColorKind::kSaturation, 0);
  return picture;
}

// Magnitudes of the luma's Sobel gradients; pixels beyond the border repeat those at it.
std::vector<float> gradients(Image picture) {
  scale_color(picture, augment::ColorKind::kSaturation, 0);
  const auto height = static_cast<std::ptrdiff_t>(picture.height);
  const auto width = static_cast<std::ptrdiff_t>(picture.width);
  const auto luma = [&](std::ptrdiff_t y, std::ptrdiff_t x) {
    y = std::clamp<std::ptrdiff_t>(y, 0, height - 1);
    x = std::clamp<std::ptrdiff_t>(x, 0, width - 1);
    return static_cast<float>(picture.pixels[static_cast<std::size_t>((y * width + x) * 3)]);
  };
  std::vector<float> magnitudes;
  magnitudes.reserve(picture.height * picture.width);
  for (std::ptrdiff_t y = 0; y < height; ++y)
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      float across = 0, down = 0;
      for (const std::ptrdiff_t i : {-1, 0, 1}) {
        const float weight = i == 0 ? 2 : 1;
        across += weight * (luma(y + i, x + 1) - luma(y + i, x - 1));
        down += weight * (luma(y + 1, x + i) - luma(y - 1, x + i));
      }
      magnitudes.push_back(std::hypot(across, down));
    }
  return magnitudes;
}

Image edges(Image picture, const Image&, RandomStream&) {
  const std::vector<float> magnitudes = gradients(picture);
  std::vector<float> sorted = magnitudes;
  const auto strong =
      static_cast<std::ptrdiff_t>((1 - kStrongEdges) * static_cast<double>(magnitudes.size() - 1));
  std::nth_element(sorted.begin(), sorted.begin() + strong, sorted.end());
  const float black = std::max(sorted[static_cast<std::size_t>(strong)], 1.0f);
  for (std::size_t i = 0; i < magnitudes.size(); ++i) {
    const float ink = std::min(magnitudes[i] / black, 1.0f);
    std::fill_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(3 * i), 3,
                static_cast<std::uint8_t>(std::lround(255 * (1 - ink))));
  }
  return picture;
}

Image shuffled_colours(Image picture, const Image&, RandomStream& random) {
  static constexpr std::size_t kOrders[5][3] = {
      {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const auto& order = kOrders[random.below(5)];
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
    const std::uint8_t before[3] = {picture.pixels[i], picture.pixels[i + 1],
                                    picture.pixels[i + 2]};
    for (std::size_t c = 0; c < 3; ++c) picture.pixels[i + c] = before[order[c]];
  }
  return picture;
}

Image blurred(Image picture, const Image&, RandomStream&) {
  augment::blur(picture, kBlurShare * static_cast<double>(short_side(picture)));
  return picture;
}

Image darkened(Image picture, const Image&, RandomStream&) {
  scale_color(picture, augment::ColorKind::kBrightness, kDarkness);
  return picture;
}

bool is_in_middle(double centre, std::size_t side) {
  return std::abs(centre - static_cast<double>(side) / 2) < static_cast<double>(side) / 4;
}

// Patches of the other photograph, their centres outside the middle half of each side.
Image cluttered(Image picture, const Image& other, RandomStream& random) {
  FRUGAL_CHECK(other.height == picture.height && other.width == picture.width);
  const auto side = std::max<std::size_t>(
      1, static_cast<std::size_t>(kClutterSide * static_cast<double>(short_side(picture))));
  for (std::size_t patch = 0; patch < kClutterCount;) {
    const std::size_t top = random.below(picture.height - side + 1);
    const std::size_t left = random.below(picture.width - side + 1);
    const double half = static_cast<double>(side) / 2;
    if (is_in_middle(static_cast<double>(top) + half, picture.height) &&
        is_in_middle(static_cast<double>(left) + half, picture.width))
      continue;
    const std::size_t from_top = random.below(picture.height - side + 1);
    const std::size_t from_left = random.below(picture.width - side + 1);
    for (std::size_t y = 0; y < side; ++y)
      std::copy_n(&other.pixels[((from_top + y) * other.width + from_left) * 3], side * 3,
                  &picture.pixels[((top + y) * picture.width + left) * 3]);
    ++patch;
  }
  return picture;
}

Image occluded(Image picture, const Image&, RandomStream& random) {
  augment::Window window{.height = std::max<std::size_t>(picture.height / 2, 1),
                         .width = std::max<std::size_t>(picture.width / 2, 1)};
  window.top = random.below(picture.height - window.height + 1);
  window.left = random.below(picture.width - window.width + 1);
  augment::fill(picture, window, 128);
  return picture;
}

}  // namespace

const std::vector<Alteration>& alterations() {
  static const std::vector<Alteration> table = {
      {"grey", "without colour", grey},
      {"edges", "edges alone: Sobel gradients of the grey picture, black on white", edges},
      {"colour-shuffled", "red, green and blue exchanged", shuffled_colours},
      {"blurred", "Gaussian, deviation 1/32 of the short side", blurred},
      {"darkened", "to 0.3 of the brightness", darkened},
      {"cluttered", "six patches of another photograph around the middle, 1/5 of the short side",
       cluttered},
      {"occluded", "a grey rectangle over a quarter of the picture, anywhere", occluded}};
  return table;
}

const Alteration& alteration_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Alteration& alteration : alterations()) {
    if (alteration.name == name) return alteration;
    names.push_back(alteration.name);
  }
  throw InputError(
      fmt::format("no copies are called \"{}\"; there are {}", name, fmt::join(names, ", ")));
}

}  // namespace frugal::explain
