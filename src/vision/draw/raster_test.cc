#include "vision/draw/raster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace frugal::draw {
namespace {

constexpr Colour kWhite{1, 1, 1};

// Of white on black: the area covered, in pixels.
double brightness(const Canvas& canvas) {
  double sum = 0;
  for (std::size_t y = 0; y < canvas.height(); ++y)
    for (std::size_t x = 0; x < canvas.width(); ++x) sum += canvas.at(x, y).green;
  return sum;
}

double shoelace(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    twice += a.x * b.y - b.x * a.y;
  }
  return std::abs(twice) / 2;
}

double filled_area(const Polygon& polygon) {
  Canvas canvas(32, 32);
  canvas.fill(polygon, Paint(kWhite));
  return brightness(canvas);
}

TEST(Raster, FilledAreaOfATriangleIsItsGeometricArea) {
  RandomStream random(1);
  for (int i = 0; i < 200; ++i) {
    Polygon triangle;
    for (int corner = 0; corner < 3; ++corner)
      triangle.push_back({random.uniform(1, 31), random.uniform(1, 31)});
    // Four samples a row are off by at most an eighth of a row at the top and at the bottom.
    EXPECT_NEAR(filled_area(triangle), shoelace(triangle), 0.5 + 0.02 * shoelace(triangle));
  }
}

TEST(Raster, APixelCutInHalfIsHalfCovered) {
  Canvas canvas(4, 4);
  canvas.fill(Polygon{{1.5, 1}, {3, 1}, {3, 2.5}, {1.5, 2.5}}, Paint(kWhite));
  EXPECT_DOUBLE_EQ(canvas.at(1, 1).red, 0.5);
  EXPECT_DOUBLE_EQ(canvas.at(2, 1).red, 1);
  EXPECT_DOUBLE_EQ(canvas.at(2, 2).red, 0.5);
  EXPECT_DOUBLE_EQ(canvas.at(1, 2).red, 0.25);
  EXPECT_DOUBLE_EQ(canvas.at(3, 3).red, 0);
}

TEST(Raster, PolygonsAreClippedAtTheCanvas) {
  EXPECT_DOUBLE_EQ(filled_area({{-100, -100}, {100, -100}, {100, 100}, {-100, 100}}), 32 * 32);
  EXPECT_DOUBLE_EQ(filled_area({{-100, 0}, {16, 0}, {16, 1000}, {-100, 1000}}), 16 * 32);
  EXPECT_DOUBLE_EQ(filled_area({{40, 40}, {50, 40}, {50, 50}}), 0);
  EXPECT_DOUBLE_EQ(filled_area({{-9, 3}, {-5, 3}, {-5, 9}}), 0);
}

TEST(Raster, ASquareInsideASquareIsAHole) {
  EXPECT_DOUBLE_EQ(
      filled_area(
          {{4, 4}, {20, 4}, {20, 20}, {4, 20}, {4, 4}, {8, 8}, {16, 8}, {16, 16}, {8, 16}, {8, 8}}),
      16 * 16 - 8 * 8);
}

TEST(Raster, OpacityMixesWithWhatIsThere) {
  Canvas canvas(1, 1);
  canvas.at(0, 0) = {0.2, 0.4, 0.6};
  canvas.fill(Polygon{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, Paint(kWhite, 0.5));
  EXPECT_DOUBLE_EQ(canvas.at(0, 0).red, 0.6);
  EXPECT_DOUBLE_EQ(canvas.at(0, 0).blue, 0.8);
}

TEST(Raster, AGradientIsLinearBetweenItsEndsAndConstantBeyond) {
  const Paint paint({0, 0, 0}, {10, 0}, kWhite, {20, 0});
  EXPECT_DOUBLE_EQ(paint.at({0, 7}).red, 0);
  EXPECT_DOUBLE_EQ(paint.at({15, -3}).red, 0.5);
  EXPECT_DOUBLE_EQ(paint.at({99, 0}).red, 1);
}

TEST(Raster, ASoftBlobFadesOutwardsAndEndsAtItsRadii) {
  Canvas canvas(32, 32);
  canvas.fill_soft({16, 16}, {8, 4}, kWhite, 1);
  EXPECT_GT(canvas.at(16, 16).red, 0.9);
  EXPECT_GT(canvas.at(16, 16).red, canvas.at(21, 16).red);
  EXPECT_GT(canvas.at(21, 16).red, 0);
  EXPECT_EQ(canvas.at(25, 16).red, 0);
  EXPECT_EQ(canvas.at(16, 21).red, 0);
}

TEST(Raster, AnEllipseHasItsArea) {
  EXPECT_NEAR(shoelace(ellipse({16, 16}, {10, 6}, 200)), std::numbers::pi * 60, 0.1);
}

TEST(Raster, RoundedCornersStayInsideAndCutLittle) {
  const Polygon square{{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  EXPECT_NEAR(shoelace(round_corners(square, 0.0)), 100, 1e-9);
  const Polygon rounded = round_corners(square, 2);
  // A quadratic Bézier over a right angle with legs r leaves out r²/6.
  EXPECT_NEAR(shoelace(rounded), 100 - 4 * 4.0 / 6, 0.25);
  for (const Point p : rounded) EXPECT_TRUE(p.x >= 0 && p.x <= 10 && p.y >= 0 && p.y <= 10);
}

TEST(Raster, HueSaturationAndValueAreThoseOfTheTextbook) {
  const auto expect = [](Colour c, double red, double green, double blue) {
    EXPECT_NEAR(c.red, red, 1e-12);
    EXPECT_NEAR(c.green, green, 1e-12);
    EXPECT_NEAR(c.blue, blue, 1e-12);
  };
  expect(from_hsv(0, 1, 1), 1, 0, 0);
  expect(from_hsv(1.0 / 3, 1, 1), 0, 1, 0);
  expect(from_hsv(2.0 / 3, 1, 0.5), 0, 0, 0.5);
  expect(from_hsv(1.0 / 6, 0.5, 1), 1, 1, 0.5);
  expect(from_hsv(0.7, 0, 0.3), 0.3, 0.3, 0.3);
}

}  // namespace
}  // namespace frugal::draw
