// An anti-aliased software rasterizer: polygons with linear gradients, and soft blobs.
// Coverage is exact along x and sampled four times along y. A polygon of e edges that is h
// pixels high costs O(h · (e + its width)).
// x runs to the right, y down, in pixels; the centre of the first pixel is (0.5, 0.5).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace frugal::draw {

struct Point {
  double x = 0, y = 0;
};
inline Point operator+(Point a, Point b) {
  return {a.x + b.x, a.y + b.y};
}
inline Point operator-(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}
inline Point operator*(double s, Point a) {
  return {s * a.x, s * a.y};
}
inline double dot(Point a, Point b) {
  return a.x * b.x + a.y * b.y;
}
inline Point mix(Point a, Point b, double t) {
  return a + t * (b - a);
}

// Display-referred, 0 is black and 1 is white; the canvas may hold more or less than that.
struct Colour {
  double red = 0, green = 0, blue = 0;
};
inline Colour operator+(Colour a, Colour b) {
  return {a.red + b.red, a.green + b.green, a.blue + b.blue};
}
inline Colour operator*(Colour a, Colour b) {
  return {a.red * b.red, a.green * b.green, a.blue * b.blue};
}
inline Colour operator*(double s, Colour a) {
  return {s * a.red, s * a.green, s * a.blue};
}
inline Colour mix(Colour a, Colour b, double t) {
  return (1 - t) * a + t * b;
}
// hue, saturation and value in [0, 1].
Colour from_hsv(double hue, double saturation, double value);

// One colour, or a gradient from start to end that stays constant beyond them.
struct Paint {
  explicit Paint(Colour colour, double opacity = 1);
  Paint(Colour from, Point start, Colour to, Point end, double opacity = 1);
  Colour at(Point p) const;

  Colour from, to;
  Point start, end;
  double opacity;  // [0, 1]
};

using Polygon = std::vector<Point>;

class Canvas {
 public:
  Canvas(std::size_t width, std::size_t height);

  // Even-odd rule; what lies outside the canvas is clipped.
  void fill(std::span<const Point> polygon, const Paint& paint);
  // Opaque in the centre, fading out to nothing at the radii.
  void fill_soft(Point centre, Point radii, Colour colour, double opacity);

  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  Colour& at(std::size_t x, std::size_t y) { return pixels_[y * width_ + x]; }
  const Colour& at(std::size_t x, std::size_t y) const { return pixels_[y * width_ + x]; }

 private:
  std::size_t width_, height_;
  std::vector<Colour> pixels_;
  std::vector<double> coverage_;   // of one row
  std::vector<double> crossings_;  // of one line of samples
};

// A regular polygon of that many corners inscribed into the ellipse.
Polygon ellipse(Point centre, Point radii, int corners = 24);

// Every corner replaced by a quadratic Bézier arc that starts radius before it (or in the middle
// of a shorter edge); radii[i] belongs to polygon[i].
Polygon round_corners(std::span<const Point> polygon, std::span<const double> radii);
Polygon round_corners(std::span<const Point> polygon, double radius);

}  // namespace frugal::draw
