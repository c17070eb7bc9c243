#include "vision/draw/photograph.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "vision/draw/scene.h"
#include "vision/draw/vehicle.h"

namespace frugal::draw {
namespace {

// Draws around a neutral value: variation 0 gives the middle, 1 the whole range.
class Varied {
 public:
  Varied(double variation, RandomStream random) : variation_(variation), random_(random) {}
  double operator()(double low, double high) {
    return (low + high) / 2 + variation_ * (random_.uniform() - 0.5) * (high - low);
  }
  bool chance(double share) { return random_.uniform() < variation_ * share; }
  double any(double low, double high) { return random_.uniform(low, high); }

 private:
  double variation_;
  RandomStream random_;
};

Camera aim(const ClassShape& shape, double size, Varied vary) {
  Camera camera;
  camera.yaw = vary(-0.7, 0.7);
  camera.pitch = vary(0.03, 0.24);
  camera.roll = vary(-0.06, 0.06);
  camera.distance_metres = vary(6.5, 13);
  const double length = shape.wheelbase + shape.front_overhang + shape.rear_overhang;
  const double seen_metres =
      length * std::cos(camera.yaw) + shape.width * std::abs(std::sin(camera.yaw));
  camera.pixels_per_metre = vary(0.62, 0.9) * size / seen_metres;
  camera.target.y = shape.roof / 2;
  camera.centre = {vary(0.43, 0.57) * size, vary(0.5, 0.62) * size};
  camera.mirrored = vary.any(0, 1) < 0.5;
  return camera;
}

Light illuminate(Varied vary) {
  Light light;
  light.sun = normalized({vary(-0.8, 0.8), vary(0.5, 1.1), vary(-0.2, 0.9)});
  light.direct = vary(0.25, 0.85);
  const double warmth = vary(-0.12, 0.12);
  light.tint = {1.1 + warmth, 1.1, 1.1 - warmth};
  return light;
}

Livery finish(Varied vary) {
  Livery livery;
  const bool grey = vary.any(0, 1) < 0.3;
  livery.paint = grey ? from_hsv(vary.any(0, 1), 0.05, vary.any(0.12, 0.95))
                      : from_hsv(vary.any(0, 1), vary.any(0.35, 0.9), vary.any(0.35, 0.95));
  const double rim = vary(0.5, 0.95);
  livery.rim = {rim, rim, 1.03 * rim};
  livery.glass = from_hsv(vary.any(0.5, 0.65), 0.35, vary(0.08, 0.4));
  livery.gloss = vary(0, 1);
  livery.dirt = vary.chance(0.3) ? vary.any(0, 1) : 0;
  livery.wheel_angle = vary.any(0, 2 * std::numbers::pi);
  livery.lamps_on = vary.chance(0.25);
  return livery;
}

Exposure develop(double size, Varied vary) {
  Exposure exposure;
  exposure.gain = vary(0.75, 1.25);
  exposure.contrast = vary(0.75, 1.2);
  exposure.vignette = vary(0, 0.3);
  exposure.blur_pixels = vary(0, 0.8) * size / 96;
  exposure.noise = vary(0, 0.045);
  return exposure;
}

}  // namespace

data::Image draw_vehicle(const ClassShape& shape, const PhotographOptions& options,
                         RandomStream random) {
  FRUGAL_CHECK(options.size >= 16);
  FRUGAL_CHECK(options.variation >= 0 && options.variation <= 1);
  const auto vary = [&](const char* what) {
    return Varied(options.variation, random.derive(what));
  };
  const auto size = double(options.size);
  const Camera camera = aim(shape, size, vary("camera"));
  const Light light = illuminate(vary("light"));
  Canvas canvas(options.size, options.size);
  draw_background(canvas, camera, light, options.variation, random.derive("background"));
  draw_shadow(canvas, shape, camera, light);
  draw_body(canvas, shape, camera, light, finish(vary("livery")));
  draw_foreground(canvas, camera, light, options.variation, random.derive("foreground"));
  return expose(canvas, develop(size, vary("exposure")), random.derive("sensor"));
}

}  // namespace frugal::draw
