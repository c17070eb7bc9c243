#include "vision/augment/warp.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

struct Source {
  const std::uint8_t* pixels;
  std::ptrdiff_t height, width;
  const std::uint8_t* fill;  // a pixel

  const std::uint8_t* at(std::ptrdiff_t y, std::ptrdiff_t x) const {
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? pixels + (y * width + x) * static_cast<std::ptrdiff_t>(kChannels) : fill;
  }
};

// x, y: of pixel centres, the first at 0.
void sample_nearest(const Source& source, double x, double y, std::uint8_t* out) {
  const std::uint8_t* pixel = source.at(std::lrint(y), std::lrint(x));
  std::copy_n(pixel, kChannels, out);
}

void sample_bilinear(const Source& source, double x, double y, std::uint8_t* out) {
  const double left = std::floor(x), top = std::floor(y);
  const auto x0 = static_cast<std::ptrdiff_t>(left), y0 = static_cast<std::ptrdiff_t>(top);
  const auto fx = static_cast<float>(x - left), fy = static_cast<float>(y - top);
  const std::uint8_t* corners[] = {source.at(y0, x0), source.at(y0, x0 + 1), source.at(y0 + 1, x0),
                                   source.at(y0 + 1, x0 + 1)};
  const float weights[] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
  for (std::size_t c = 0; c < kChannels; ++c) {
    float value = 0;
    for (std::size_t i = 0; i < 4; ++i) value += weights[i] * static_cast<float>(corners[i][c]);
    out[c] = static_cast<std::uint8_t>(std::lrint(std::clamp(value, 0.0f, 255.0f)));
  }
}

// Solves the square system rows × x = last column by elimination with pivots; false when it has no
// single solution.
template <std::size_t n>
bool solve(std::array<std::array<double, n + 1>, n>& rows) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto pivot = std::max_element(
        rows.begin() + static_cast<std::ptrdiff_t>(i), rows.end(),
        [&](const auto& a, const auto& b) { return std::abs(a[i]) < std::abs(b[i]); });
    if (std::abs((*pivot)[i]) < 1e-9) return false;
    std::swap(rows[i], *pivot);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double share = rows[r][i] / rows[i][i];
      for (std::size_t c = i; c <= n; ++c) rows[r][c] -= share * rows[i][c];
    }
  }
  for (std::size_t i = 0; i < n; ++i) rows[i][n] /= rows[i][i];
  return true;
}

}  // namespace

void warp(data::Image& picture, const PlaneMap& m, Sampling sampling, std::uint8_t fill) {
  thread_local std::vector<std::uint8_t> original;  // kept for its memory alone
  original.assign(picture.pixels.begin(), picture.pixels.end());
  const std::array<std::uint8_t, kChannels> fill_pixel = {fill, fill, fill};
  const Source source{original.data(), static_cast<std::ptrdiff_t>(picture.height),
                      static_cast<std::ptrdiff_t>(picture.width), fill_pixel.data()};
  // Farther out than this everything is fill; it keeps the conversions to whole numbers defined.
  const double limit = 4 * static_cast<double>(picture.height + picture.width) + 4;
  const auto sample = sampling == Sampling::kNearest ? sample_nearest : sample_bilinear;
  std::uint8_t* out = picture.pixels.data();
  for (std::size_t row = 0; row < picture.height; ++row)
    for (std::size_t column = 0; column < picture.width; ++column, out += kChannels) {
      const double x = static_cast<double>(column) + 0.5, y = static_cast<double>(row) + 0.5;
      const double depth = m.g * x + m.h * y + 1;
      const double from_x = (m.a * x + m.b * y + m.c) / depth - 0.5;
      const double from_y = (m.d * x + m.e * y + m.f) / depth - 0.5;
      // Written so that what is not a number is outside too.
      if (std::abs(from_x) < limit && std::abs(from_y) < limit)
        sample(source, from_x, from_y, out);
      else
        std::copy_n(fill_pixel.data(), kChannels, out);
    }
}

// torchvision's _get_inverse_affine_matrix.
PlaneMap plane_map(const AffineMap& map, Point centre) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double rotation = radians(map.rotation_degrees);
  const double sx = radians(map.shear_x_degrees), sy = radians(map.shear_y_degrees);
  const double a = std::cos(rotation - sy) / std::cos(sy);
  const double b = -std::cos(rotation - sy) * std::tan(sx) / std::cos(sy) - std::sin(rotation);
  const double c = std::sin(rotation - sy) / std::cos(sy);
  const double d = -std::sin(rotation - sy) * std::tan(sx) / std::cos(sy) + std::cos(rotation);
  const double x = centre.x + map.shift.x, y = centre.y + map.shift.y;
  return {.a = d,
          .b = -b,
          .c = centre.x - d * x + b * y,
          .d = -c,
          .e = a,
          .f = centre.y + c * x - a * y};
}

// torchvision's _get_perspective_coeffs, whose points are pixel indices while the map's are
// distances from the corner; the half pixel between them is torchvision's own.
PlaneMap perspective_map(data::Size size, const std::array<Point, 4>& corners) {
  const auto right = static_cast<double>(size.width) - 1;
  const auto bottom = static_cast<double>(size.height) - 1;
  const std::array<Point, 4> from = {Point{0, 0}, {right, 0}, {right, bottom}, {0, bottom}};
  std::array<std::array<double, 9>, 8> rows{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto [x, y] = corners[i];
    const auto [u, v] = from[i];
    rows[2 * i] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
    rows[2 * i + 1] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
  }
  if (!solve<8>(rows)) return {};
  return {rows[0][8], rows[1][8], rows[2][8], rows[3][8],
          rows[4][8], rows[5][8], rows[6][8], rows[7][8]};
}

}  // namespace frugal::augment
