#include "vision/draw/raster.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace frugal::draw {
namespace {

constexpr int kSamplesPerRow = 4;

// The pixel of n that v lies in; the first or one past the last when it lies outside.
std::size_t pixel(double v, std::size_t n) {
  return std::size_t(std::clamp(v, 0.0, double(n)));
}

// The length of each pixel's part of [from, to], times weight, added to row.
void add_span(std::vector<double>& row, double from, double to, double weight) {
  from = std::clamp(from, 0.0, double(row.size()));
  to = std::clamp(to, 0.0, double(row.size()));
  if (from >= to) return;
  const auto first = std::size_t(from), last = std::min(std::size_t(to), row.size() - 1);
  if (first == last) {
    row[first] += weight * (to - from);
    return;
  }
  row[first] += weight * (double(first + 1) - from);
  for (std::size_t x = first + 1; x < last; ++x) row[x] += weight;
  row[last] += weight * (to - double(last));
}

}  // namespace

Colour from_hsv(double hue, double saturation, double value) {
  const auto channel = [&](double shift) {
    const double k = std::fmod(shift + 6 * hue, 6);
    return value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0));
  };
  return {channel(5), channel(3), channel(1)};
}

Paint::Paint(Colour colour, double opacity_)
    : from(colour), to(colour), start(), end{1, 0}, opacity(opacity_) {}

Paint::Paint(Colour from_, Point start_, Colour to_, Point end_, double opacity_)
    : from(from_), to(to_), start(start_), end(end_), opacity(opacity_) {}

Colour Paint::at(Point p) const {
  const Point along = end - start;
  const double length2 = std::max(dot(along, along), 1e-12);
  return mix(from, to, std::clamp(dot(p - start, along) / length2, 0.0, 1.0));
}

Canvas::Canvas(std::size_t width, std::size_t height)
    : width_(width), height_(height), pixels_(width * height), coverage_(width) {
  FRUGAL_CHECK(width > 0 && height > 0);
}

void Canvas::fill(std::span<const Point> polygon, const Paint& paint) {
  if (polygon.size() < 3) return;
  const auto [top, bottom] = std::ranges::minmax(polygon, {}, &Point::y);
  const auto [left, right] = std::ranges::minmax(polygon, {}, &Point::x);
  const std::size_t first = pixel(left.x, width_), last = pixel(right.x + 1, width_);
  for (auto row = pixel(top.y, height_); row < pixel(bottom.y + 1, height_); ++row) {
    std::fill(coverage_.begin() + std::ptrdiff_t(first), coverage_.begin() + std::ptrdiff_t(last),
              0.0);
    for (int sample = 0; sample < kSamplesPerRow; ++sample) {
      const double y = double(row) + (sample + 0.5) / kSamplesPerRow;
      crossings_.clear();
      for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
        if ((a.y <= y) == (b.y <= y)) continue;
        crossings_.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
      }
      std::ranges::sort(crossings_);
      for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2)
        add_span(coverage_, crossings_[i], crossings_[i + 1], 1.0 / kSamplesPerRow);
    }
    for (std::size_t x = first; x < last; ++x) {
      if (coverage_[x] == 0) continue;
      const Colour colour = paint.at({double(x) + 0.5, double(row) + 0.5});
      at(x, row) = mix(at(x, row), colour, coverage_[x] * paint.opacity);
    }
  }
}

void Canvas::fill_soft(Point centre, Point radii, Colour colour, double opacity) {
  for (auto y = pixel(centre.y - radii.y, height_); y < pixel(centre.y + radii.y + 1, height_); ++y)
    for (auto x = pixel(centre.x - radii.x, width_); x < pixel(centre.x + radii.x + 1, width_);
         ++x) {
      const double dx = (double(x) + 0.5 - centre.x) / radii.x;
      const double dy = (double(y) + 0.5 - centre.y) / radii.y;
      const double inside = std::max(0.0, 1 - dx * dx - dy * dy);
      at(x, y) = mix(at(x, y), colour, opacity * std::min(1.0, 2 * inside * inside));
    }
}

Polygon ellipse(Point centre, Point radii, int corners) {
  Polygon polygon;
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    polygon.push_back(centre + Point{radii.x * std::cos(angle), radii.y * std::sin(angle)});
  }
  return polygon;
}

Polygon round_corners(std::span<const Point> polygon, std::span<const double> radii) {
  FRUGAL_CHECK(polygon.size() == radii.size());
  constexpr int kPieces = 5;
  const std::size_t n = polygon.size();
  Polygon rounded;
  for (std::size_t i = 0; i < n; ++i) {
    const Point corner = polygon[i];
    const auto towards = [&](Point other) {
      const double length = std::sqrt(dot(other - corner, other - corner));
      return length == 0 ? corner : mix(corner, other, std::min(0.5, radii[i] / length));
    };
    const Point begin = towards(polygon[(i + n - 1) % n]), end = towards(polygon[(i + 1) % n]);
    for (int piece = 0; piece <= kPieces; ++piece) {
      const double t = double(piece) / kPieces;
      rounded.push_back(mix(mix(begin, corner, t), mix(corner, end, t), t));
    }
  }
  return rounded;
}

Polygon round_corners(std::span<const Point> polygon, double radius) {
  return round_corners(polygon, std::vector<double>(polygon.size(), radius));
}

}  // namespace frugal::draw
