#include "vision/draw/scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace frugal::draw {
namespace {

constexpr double kKerb = -2.6, kNearEdge = 3.2;  // z of the road's edges, metres

class Scene {
 public:
  Scene(Canvas& canvas, const Camera& camera, const Light& light, RandomStream random)
      : canvas_(canvas),
        camera_(camera),
        light_(light),
        random_(random),
        width_(double(canvas.width())),
        height_(double(canvas.height())),
        horizon_(std::clamp(camera.horizon(), -height_, 0.75 * height_)) {}

  void draw_sky() {
    const Colour zenith = tinted(from_hsv(random_.uniform(0.52, 0.62), random_.uniform(0.1, 0.6),
                                          random_.uniform(0.55, 0.95)));
    const Colour haze = tinted(from_hsv(random_.uniform(0.05, 0.6), random_.uniform(0.02, 0.2),
                                        random_.uniform(0.8, 1.0)));
    fill_rows(0, height_, Paint(zenith, {0, horizon_ - 0.6 * height_}, haze, {0, horizon_}));
    for (std::size_t clouds = random_.below(4); clouds > 0; --clouds) {
      const Point at{random_.uniform(0, width_), random_.uniform(0, std::max(1.0, horizon_))};
      for (int puff = 0; puff < 4; ++puff)
        canvas_.fill_soft(at + Point{random_.uniform(-0.12, 0.12) * width_,
                                     random_.uniform(-0.03, 0.03) * height_},
                          {0.13 * width_, 0.06 * height_}, tinted({1, 1, 1}), 0.5);
    }
  }

  void draw_hills() {
    for (int ridge = 0; ridge < 2; ++ridge) {
      const Colour colour = tinted(from_hsv(random_.uniform(0.2, 0.6), random_.uniform(0.15, 0.45),
                                            random_.uniform(0.3, 0.65)));
      const double top = horizon_ - random_.uniform(0.02, 0.2 - 0.07 * ridge) * height_;
      const double waves = random_.uniform(1, 4), phase = random_.uniform(0, 6);
      Polygon hills{{width_, horizon_ + 2}, {0, horizon_ + 2}};
      for (int i = 0; i <= 16; ++i) {
        const double t = i / 16.0;
        hills.push_back({t * width_, top + 0.04 * height_ * std::sin(phase + 6 * waves * t / 2)});
      }
      canvas_.fill(hills, Paint(colour));
    }
  }

  void draw_ground() {
    const bool green = random_.uniform() < 0.5;
    const Colour verge =
        tinted(green ? from_hsv(random_.uniform(0.18, 0.35), random_.uniform(0.25, 0.6),
                                random_.uniform(0.3, 0.6))
                     : from_hsv(random_.uniform(0.05, 0.15), random_.uniform(0.05, 0.3),
                                random_.uniform(0.45, 0.8)));
    fill_rows(horizon_, height_,
              Paint(mix(verge, {0.8, 0.82, 0.85}, 0.35), {0, horizon_}, verge,
                    {0, horizon_ + 0.3 * height_}));
    const double grey = random_.uniform(0.25, 0.62);
    const Colour tarmac = tinted({grey, grey, random_.uniform(0.95, 1.08) * grey});
    draw_band(kKerb, kNearEdge, tarmac);
    draw_band(kKerb - 0.25, kKerb, tinted({0.75, 0.74, 0.72}));
    if (random_.uniform() < 0.5)
      draw_band(kNearEdge - 0.9, kNearEdge - 0.7, tinted({0.9, 0.9, 0.85}));
    for (std::size_t patches = random_.below(5); patches > 0; --patches) {
      const Point at{random_.uniform(0, width_), random_.uniform(std::max(0.0, horizon_), height_)};
      canvas_.fill_soft(
          at, {random_.uniform(0.1, 0.3) * width_, random_.uniform(0.01, 0.04) * height_},
          random_.uniform() < 0.5 ? Colour{0.1, 0.1, 0.1} : Colour{0.9, 0.9, 0.9}, 0.2);
    }
  }

  // A row of houses along the road.
  void draw_street() {
    const double z = random_.uniform(-7, -4);
    for (double x = -14; x < 14;) {
      const double wide = random_.uniform(2.5, 5.5), tall = random_.uniform(2.4, 6);
      const Colour wall = tinted(from_hsv(random_.uniform(0, 0.18), random_.uniform(0.05, 0.5),
                                          random_.uniform(0.4, 0.95)));
      draw_wall(x, x + wide, 0, tall, z, wall);
      const Colour pane =
          random_.uniform() < 0.3 ? tinted({0.95, 0.85, 0.55}) : tinted({0.2, 0.25, 0.32});
      const double every = random_.uniform(0.9, 1.6);
      for (double y = 0.8; y + 0.9 < tall; y += 1.5)
        for (double u = x + 0.4; u + 0.6 < x + wide; u += every)
          draw_wall(u, u + 0.6, y, y + 0.85, z, pane);
      x += wide + (random_.uniform() < 0.3 ? random_.uniform(0.5, 2) : 0);
    }
  }

  void draw_trees(std::size_t count) {
    for (; count > 0; --count) {
      const Space foot{random_.uniform(-8, 8), 0, random_.uniform(-7, -3.2)};
      const double tall = random_.uniform(1.5, 4.5), crown = random_.uniform(0.5, 1.3);
      draw_wall(foot.x - 0.1, foot.x + 0.1, 0, tall, foot.z, tinted({0.3, 0.22, 0.16}));
      const double hue = random_.uniform(0.1, 0.4), value = random_.uniform(0.2, 0.5);
      for (int leaf = 0; leaf < 7; ++leaf) {
        const Space at{foot.x + random_.uniform(-0.7, 0.7) * crown,
                       tall + random_.uniform(-0.5, 0.6) * crown, foot.z};
        const double radius = metres(at) * random_.uniform(0.5, 0.9) * crown;
        canvas_.fill_soft(camera_.project(at), {radius, radius},
                          tinted(from_hsv(hue, 0.5, value * random_.uniform(0.7, 1.3))), 0.95);
      }
    }
  }

  void draw_posts(std::size_t count) {
    for (; count > 0; --count) {
      const double x = random_.uniform(-6, 6), tall = random_.uniform(0.8, 5);
      const double half = random_.uniform(0.03, 0.08);
      const Colour colour =
          tinted(from_hsv(random_.uniform(), random_.uniform(0, 0.7), random_.uniform(0.15, 0.8)));
      draw_wall(x - half, x + half, 0, tall, kKerb - 0.6, colour);
      if (random_.uniform() < 0.5)  // a sign
        draw_wall(x - 0.35, x + 0.35, tall - 0.35, tall + 0.35, kKerb - 0.6,
                  tinted(from_hsv(random_.uniform(), 0.7, 0.85)));
    }
  }

  void draw_fence() {
    const Colour colour = tinted(
        from_hsv(random_.uniform(0, 0.3), random_.uniform(0, 0.5), random_.uniform(0.2, 0.9)));
    const double z = kKerb - 0.8, tall = random_.uniform(0.7, 1.4),
                 every = random_.uniform(0.4, 1.2);
    for (double y : {0.3 * tall, 0.8 * tall}) draw_wall(-12, 12, y, y + 0.08, z, colour);
    for (double x = -12; x < 12; x += every) draw_wall(x, x + 0.09, 0, tall, z, colour);
  }

  void draw_tufts(std::size_t count) {
    for (; count > 0; --count) {
      const Point root{random_.uniform(0, width_), random_.uniform(0.93, 1.05) * height_};
      const Colour colour =
          tinted(from_hsv(random_.uniform(0.15, 0.35), 0.6, random_.uniform(0.2, 0.55)));
      for (int blade = 0; blade < 6; ++blade) {
        const double lean = random_.uniform(-0.06, 0.06) * width_;
        const double tall = random_.uniform(0.05, 0.16) * height_, half = 0.008 * width_;
        canvas_.fill(
            Polygon{root + Point{-half, 0}, root + Point{half, 0}, root + Point{lean, -tall}},
            Paint(colour));
      }
    }
  }

  void draw_bollard() {
    const double x = random_.uniform(0, width_), half = random_.uniform(0.012, 0.03) * width_;
    const double top = random_.uniform(0.6, 0.85) * height_;
    const Colour colour =
        tinted(from_hsv(random_.uniform(), random_.uniform(0, 0.8), random_.uniform(0.2, 0.9)));
    canvas_.fill(
        Polygon{{x - half, top}, {x + half, top}, {x + half, height_}, {x - half, height_}},
        Paint(colour, {x - half, 0}, 0.6 * colour, {x + half, 0}));
  }

 private:
  Colour tinted(Colour colour) const {
    return (0.55 + 0.55 * light_.direct) * (colour * light_.tint);
  }
  double metres(Space p) const {  // pixels per metre there
    const Point up = camera_.project({p.x, p.y + 1, p.z}) - camera_.project(p);
    return std::sqrt(dot(up, up));
  }
  void fill_rows(double top, double bottom, const Paint& paint) {
    canvas_.fill(Polygon{{0, top}, {width_, top}, {width_, bottom}, {0, bottom}}, paint);
  }
  void draw_wall(double left, double right, double low, double high, double z, Colour colour) {
    Polygon wall;
    for (const auto& [x, y] :
         {Point{left, low}, Point{left, high}, Point{right, high}, Point{right, low}})
      wall.push_back(camera_.project({x, y, z}));
    canvas_.fill(wall, Paint(colour, camera_.project({left, high, z}), 0.8 * colour,
                             camera_.project({left, low, z})));
  }
  // The strip of ground between two lines along the road.
  void draw_band(double far_z, double near_z, Colour colour) {
    constexpr double kEnd = 25;
    Polygon band;
    for (const auto& [x, z] :
         {Point{-kEnd, far_z}, Point{kEnd, far_z}, Point{kEnd, near_z}, Point{-kEnd, near_z}})
      band.push_back(camera_.project({x, 0, z}));
    canvas_.fill(band, Paint(colour));
  }

  Canvas& canvas_;
  const Camera& camera_;
  const Light& light_;
  RandomStream random_;
  double width_, height_, horizon_;
};

// A separable Gaussian over three pixels whose variance is that asked for (at most 0.5).
void blur(Canvas& canvas, double deviation) {
  const double side = std::min(0.25, deviation * deviation / 2), centre = 1 - 2 * side;
  const auto pass = [&](std::size_t lines, std::size_t n, auto&& pixel) {
    std::vector<Colour> line(n);
    for (std::size_t l = 0; l < lines; ++l) {
      for (std::size_t i = 0; i < n; ++i) line[i] = pixel(l, i);
      for (std::size_t i = 0; i < n; ++i)
        pixel(l, i) =
            centre * line[i] + side * (line[i == 0 ? 0 : i - 1] + line[std::min(i + 1, n - 1)]);
    }
  };
  pass(canvas.height(), canvas.width(), [&](auto y, auto x) -> Colour& { return canvas.at(x, y); });
  pass(canvas.width(), canvas.height(), [&](auto x, auto y) -> Colour& { return canvas.at(x, y); });
}

// Four independent numbers of mean 0 and deviation 1 (uniform: the sum of two that a channel gets
// is close enough to a sensor's noise, at a tenth of the time that normal numbers take).
std::array<double, 4> grains(std::uint64_t bits) {
  std::array<double, 4> numbers;
  for (double& number : numbers) {
    number = std::numbers::sqrt3 * (double(bits & 0xffff) / 32767.5 - 1);
    bits >>= 16;
  }
  return numbers;
}

}  // namespace

void draw_background(Canvas& canvas, const Camera& camera, const Light& light, double clutter,
                     RandomStream random) {
  Scene scene(canvas, camera, light, random.derive("background"));
  const auto chance = [&](double share) { return random.uniform() < share * clutter; };
  scene.draw_sky();
  if (chance(0.7)) scene.draw_hills();
  scene.draw_ground();
  if (chance(0.45)) scene.draw_street();
  if (chance(0.35)) scene.draw_fence();
  scene.draw_trees(std::size_t(clutter * random.uniform(0, 5)));
  scene.draw_posts(std::size_t(clutter * random.uniform(0, 4)));
}

void draw_foreground(Canvas& canvas, const Camera& camera, const Light& light, double clutter,
                     RandomStream random) {
  Scene scene(canvas, camera, light, random.derive("foreground"));
  const auto chance = [&](double share) { return random.uniform() < share * clutter; };
  if (chance(0.5)) scene.draw_tufts(1 + random.below(4));
  if (chance(0.2)) scene.draw_bollard();
}

data::Image expose(const Canvas& canvas, const Exposure& exposure, RandomStream random) {
  Canvas sensor = canvas;
  if (exposure.blur_pixels > 0) blur(sensor, exposure.blur_pixels);
  data::Image image{canvas.height(), canvas.width(), {}};
  image.pixels.reserve(3 * canvas.height() * canvas.width());
  const Point centre{double(canvas.width()) / 2, double(canvas.height()) / 2};
  for (std::size_t y = 0; y < canvas.height(); ++y)
    for (std::size_t x = 0; x < canvas.width(); ++x) {
      const Point off = Point{double(x), double(y)} - centre;
      const double gain =
          exposure.gain * (1 - exposure.vignette * dot(off, off) / dot(centre, centre));
      const Colour colour = gain * sensor.at(x, y);
      const auto grain = grains(random.bits());
      const std::array channels{colour.red, colour.green, colour.blue};
      for (std::size_t i = 0; i < 3; ++i) {
        const double noise = 0.7 * exposure.noise * (grain[3] + grain[i]);
        const double value = 0.5 + exposure.contrast * (channels[i] - 0.5) + noise;
        image.pixels.push_back(std::uint8_t(std::lround(255 * std::clamp(value, 0.0, 1.0))));
      }
    }
  return image;
}

}  // namespace frugal::draw
