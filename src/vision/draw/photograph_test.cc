#include "vision/draw/photograph.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "vision/draw/vehicle.h"

namespace frugal::draw {
namespace {

constexpr Colour kBackdrop{0, 0, 5};  // a colour that no vehicle has

Canvas side_view(const ClassShape& shape, double yaw) {
  Canvas canvas(64, 64);
  for (std::size_t y = 0; y < 64; ++y)
    for (std::size_t x = 0; x < 64; ++x) canvas.at(x, y) = kBackdrop;
  const Camera camera{.yaw = yaw, .pitch = 0.1, .pixels_per_metre = 12, .centre = {32, 36}};
  draw_body(canvas, shape, camera, Light{}, Livery{});
  return canvas;
}

double changed_pixels(const Canvas& a, const Canvas& b) {
  double changed = 0;
  for (std::size_t y = 0; y < a.height(); ++y)
    for (std::size_t x = 0; x < a.width(); ++x) {
      const Colour p = a.at(x, y), q = b.at(x, y);
      changed += std::abs(p.red - q.red) + std::abs(p.green - q.green) > 0.1;
    }
  return changed;
}

TEST(Photograph, EveryPairOfClassesLooksDifferentFromTheSide) {
  const auto shapes = class_shapes({.classes = 24});
  std::vector<Canvas> views;
  views.reserve(shapes.size());
  for (const ClassShape& shape : shapes) views.push_back(side_view(shape, 0));
  for (std::size_t i = 0; i < views.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_GT(changed_pixels(views[i], views[j]), 60) << shapes[i].name << " " << shapes[j].name;
}

TEST(Photograph, TheVehicleStaysWithinItsSilhouetteFromEveryYaw) {
  for (const ClassShape& shape : class_shapes({.classes = 12}))
    for (const double yaw : {-0.7, -0.3, 0.0, 0.3, 0.7}) {
      const Canvas view = side_view(shape, yaw);
      std::size_t covered = 0;
      for (std::size_t y = 0; y < 64; ++y)
        for (std::size_t x = 0; x < 64; ++x) covered += view.at(x, y).blue < 2;
      EXPECT_GT(covered, 300u) << shape.name;
      EXPECT_LT(covered, 2500u) << shape.name;
      for (std::size_t x = 0; x < 64; ++x) EXPECT_EQ(view.at(x, 0).blue, kBackdrop.blue);
    }
}

TEST(Photograph, TheSameStreamTakesTheSamePhotograph) {
  const ClassShape shape = class_shapes({.classes = 1}).front();
  const RandomStream random(5);
  const data::Image image = draw_vehicle(shape, {.size = 48}, random);
  EXPECT_EQ(image.height, 48u);
  EXPECT_EQ(image.width, 48u);
  EXPECT_EQ(image.pixels.size(), 48u * 48 * 3);
  EXPECT_EQ(image, draw_vehicle(shape, {.size = 48}, random));
  EXPECT_NE(image, draw_vehicle(shape, {.size = 48}, random.derive(1)));
}

TEST(Photograph, TheFrameIsTheSameAtEverySize) {
  const ClassShape shape = class_shapes({.classes = 1}).front();
  const auto small = draw_vehicle(shape, {.size = 32, .variation = 0}, RandomStream(2));
  const auto large = draw_vehicle(shape, {.size = 64, .variation = 0}, RandomStream(2));
  double difference = 0;
  for (std::size_t y = 0; y < 32; ++y)
    for (std::size_t x = 0; x < 32; ++x) {
      int sum = 0;
      for (std::size_t k = 0; k < 4; ++k)
        sum += large.pixels[((2 * y + k / 2) * 64 + 2 * x + k % 2) * 3];
      difference += std::abs(sum / 4.0 - small.pixels[(y * 32 + x) * 3]);
    }
  EXPECT_LT(difference / (32 * 32), 12);
}

}  // namespace
}  // namespace frugal::draw
