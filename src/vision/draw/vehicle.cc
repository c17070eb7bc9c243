#include "vision/draw/vehicle.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace frugal::draw {
namespace {

constexpr Colour kRubber{0.09, 0.09, 0.1}, kPlastic{0.16, 0.16, 0.17}, kHollow{0.04, 0.04, 0.05};
constexpr Colour kAmberWhite{0.93, 0.92, 0.82}, kRed{0.72, 0.07, 0.07}, kChrome{0.8, 0.81, 0.83};

// The points of the side view from which everything else is measured (metres; Point's y is up).
struct Skeleton {
  explicit Skeleton(const ClassShape& s)
      : tail(-s.wheelbase / 2 - s.rear_overhang),
        nose(s.wheelbase / 2 + s.front_overhang),
        tail_top{tail + 0.03, s.belt - s.boot_drop},
        rear_foot{tail + 0.04 + s.boot_length, s.belt},
        rear_top{rear_foot.x + s.rear_run, s.roof - s.roof_slope},
        screen_foot{nose - s.bonnet_length, s.belt},
        screen_top{screen_foot.x - s.windscreen_run, s.roof - 0.02},
        nose_top{nose - 0.06, s.belt - s.bonnet_drop} {}

  double tail, nose;
  Point tail_top, rear_foot, rear_top, screen_foot, screen_top, nose_top;
};

Polygon body_outline(const ClassShape& s, const Skeleton& k) {
  const double round = s.corner_radius, bumper = s.clearance + 0.3 * (s.belt - s.clearance);
  const Point crown = mix(k.rear_top, k.screen_top, 0.5);
  const Polygon corners{{k.tail + 0.06, s.clearance},
                        {k.tail, bumper},
                        k.tail_top,
                        k.rear_foot,
                        k.rear_top,
                        {crown.x, s.roof},
                        k.screen_top,
                        k.screen_foot,
                        k.nose_top,
                        {k.nose, bumper},
                        {k.nose - 0.05, s.clearance}};
  const std::vector<double> radii{
      0.1, 0.1, 0.5 * round + 0.03, 0.1, round, 0.4, round + 0.1, 0.12, round, 0.1, 0.1};
  return round_corners(corners, radii);
}

// The part of a convex polygon with low <= x <= high.
Polygon clip_x(const Polygon& polygon, double low, double high) {
  const auto keep = [](const Polygon& in, double sign, double limit) {
    Polygon out;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const Point a = in[i], b = in[(i + 1) % in.size()];
      const double da = sign * (a.x - limit), db = sign * (b.x - limit);
      if (da >= 0) out.push_back(a);
      if ((da >= 0) != (db >= 0)) out.push_back(mix(a, b, da / (da - db)));
    }
    return out;
  };
  return keep(keep(polygon, 1, low), -1, high);
}

Polygon rectangle(double left, double bottom, double right, double top) {
  return {{left, bottom}, {left, top}, {right, top}, {right, bottom}};
}

class Vehicle {
 public:
  Vehicle(Canvas& canvas, const ClassShape& shape, const Camera& camera, const Light& light,
          const Livery& livery)
      : canvas_(canvas),
        shape_(shape),
        camera_(camera),
        light_(light),
        livery_(livery),
        skeleton_(shape) {}

  void draw() {
    draw_underbody();
    for (const Polygon& bumper : bumpers()) draw_prism(bumper, 1.01, bumper_colour());
    draw_prism(body_outline(shape_, skeleton_), 1, livery_.paint);
    draw_front_and_back();
    if (shape_.spoiler > 0) draw_spoiler();
    draw_flank();
    draw_windows();
    draw_doors();
    draw_side_lamps();
    for (const double x : {-shape_.wheelbase / 2, shape_.wheelbase / 2}) draw_wheel(x);
    if (shape_.roof_rack) draw_rack();
  }

 private:
  // The plan view narrows towards both ends, the cross-section above the belt.
  double half_width(Point p) const {
    const double above = std::clamp((p.y - shape_.belt) / (shape_.roof - shape_.belt), 0.0, 1.0);
    const double to_end = std::min(p.x - skeleton_.tail, skeleton_.nose - p.x);
    const double end = std::clamp(1 - to_end / 0.5, 0.0, 1.0);
    return shape_.width / 2 * (1 - 0.16 * above) * (1 - 0.12 * end * end);
  }
  // z as a share of half the width there.
  Space space(Point p, double share) const { return {p.x, p.y, share * half_width(p)}; }

  Colour lit(Colour colour, Space normal) const {
    const double sun = light_.direct * (0.15 + 1.1 * std::max(0.0, dot(normal, light_.sun)));
    const double sky = (1 - light_.direct) * (0.75 + 0.25 * normal.y);
    return (sun + sky) * (colour * light_.tint);
  }

  Polygon seen(const std::vector<Space>& points) const {
    Polygon polygon;
    for (const Space& p : points) polygon.push_back(camera_.project(p));
    return polygon;
  }

  // A quadrilateral whose corners run clockwise as seen from outside; invisible from inside.
  void draw_face(const std::vector<Space>& corners, Colour colour) {
    const Polygon polygon = seen(corners);
    const Point across = polygon[2] - polygon[0], other = polygon[3] - polygon[1];
    const double area = across.x * other.y - across.y * other.x;
    if ((camera_.mirrored ? -area : area) <= 0) return;
    const Space normal = normalized(cross(corners[3] - corners[1], corners[2] - corners[0]));
    canvas_.fill(polygon, Paint(lit(colour, normal)));
  }

  // What is at the near side, drawn flat onto it; shaded from the upper towards the lower edge.
  void draw_on_side(const Polygon& outline, Colour colour, double opacity = 1, double share = 1) {
    Polygon polygon;
    for (const Point& p : outline) polygon.push_back(camera_.project(space(p, share)));
    const Colour upper = lit(colour, normalized({0, 0.45, 1}));
    const Colour lower = lit(colour, normalized({0, -0.55, 1}));
    canvas_.fill(polygon, Paint(upper, camera_.project(space({0, shape_.belt}, share)), lower,
                                camera_.project(space({0, shape_.clearance}, share)), opacity));
  }

  // outline extruded over that share of the width; it runs clockwise.
  void draw_prism(const Polygon& outline, double share, Colour colour) {
    std::vector<std::pair<double, std::size_t>> by_nearness;
    const auto next = [&](std::size_t i) { return (i + 1) % outline.size(); };
    for (std::size_t i = 0; i < outline.size(); ++i) {
      const Point middle = mix(outline[i], outline[next(i)], 0.5);
      by_nearness.emplace_back(camera_.nearness({middle.x, middle.y, 0}), i);
    }
    std::ranges::sort(by_nearness);
    for (const auto& [nearness, i] : by_nearness) {
      const Point a = outline[i], b = outline[next(i)];
      draw_face({space(a, share), space(a, -share), space(b, -share), space(b, share)}, colour);
    }
    draw_on_side(outline, colour, 1, share);
  }

  // A panel across the width, from a to b on the outline (b further clockwise).
  void draw_panel(Point a, Point b, double from_share, double to_share, Colour colour) {
    draw_face({space(a, to_share), space(a, from_share), space(b, from_share), space(b, to_share)},
              colour);
  }

  void draw_underbody() {
    const double r = shape_.wheel_radius;
    const Polygon floor = rectangle(skeleton_.tail + 0.3, 0.5 * shape_.clearance,
                                    skeleton_.nose - 0.3, shape_.clearance + 0.1);
    for (const double share : {-0.6, 0.0, 0.6}) draw_on_side(floor, kHollow, 1, share);
    for (const double x : {-shape_.wheelbase / 2, shape_.wheelbase / 2})
      for (const double share : {-0.95, -0.8})
        draw_on_side(ellipse({x, r}, {r, r}), kRubber, 1, share);
  }

  std::array<Polygon, 2> bumpers() const {
    const double height = shape_.belt - shape_.clearance;
    const double low = shape_.clearance + 0.08 * height, high = shape_.clearance + 0.3 * height;
    const auto bumper = [&](double from, double to) {
      return round_corners(rectangle(from, low, to, high), 0.04);
    };
    return {bumper(skeleton_.tail - 0.05, skeleton_.tail + 0.2),
            bumper(skeleton_.nose - 0.2, skeleton_.nose + 0.05)};
  }
  Colour bumper_colour() const { return shape_.cladding > 0 ? kPlastic : 0.85 * livery_.paint; }

  void draw_front_and_back() {
    const Skeleton& k = skeleton_;
    const auto glass = [&](Point a, Point b) {
      draw_panel(mix(a, b, 0.1), mix(a, b, 0.9), -0.86, 0.86, livery_.glass);
    };
    glass(k.rear_foot, k.rear_top);
    glass(k.screen_top, k.screen_foot);
    if (shape_.open_bed)
      draw_panel({k.tail + 0.1, shape_.belt}, {k.rear_foot.x - 0.04, shape_.belt}, -0.86, 0.86,
                 kHollow);

    const double height = shape_.belt - shape_.clearance;
    const auto nose = [&](double y) { return Point{k.nose, shape_.clearance + y * height}; };
    const auto tail = [&](double y) { return Point{k.tail, shape_.clearance + y * height}; };
    const double lamp_top = 1 - shape_.bonnet_drop / height - 0.1;
    draw_panel(nose(lamp_top), nose(lamp_top - 0.22), -0.5, 0.5, kPlastic);
    draw_panel(nose(0.3), nose(0.14), -0.22, 0.22, kChrome);
    draw_panel(tail(0.45), tail(0.6), -0.22, 0.22, kChrome);
    const Colour head = livery_.lamps_on ? Colour{1.5, 1.45, 1.2} : kAmberWhite;
    const Colour rear = livery_.lamps_on ? Colour{1.2, 0.15, 0.12} : kRed;
    for (const double side : {-1.0, 1.0}) {
      draw_lamp_ahead(k.nose + 0.01, nose(lamp_top - 0.1).y, 0.68 * side, shape_.head_lamp, head);
      draw_lamp_ahead(k.tail - 0.01, tail(0.75).y, 0.78 * side, shape_.tail_lamp, rear);
    }
  }

  // A lamp in the face of the nose (x > 0) or of the tail.
  void draw_lamp_ahead(double x, double y, double share, Lamp lamp, Colour colour) {
    const bool at_nose = x > 0;
    if ((camera_.nearness({x + 1, y, 0}) > camera_.nearness({x, y, 0})) != at_nose) return;
    const double tall = lamp == Lamp::kSlit ? 0.04 : 0.09, wide = lamp == Lamp::kSlit ? 0.15 : 0.1;
    const double z = share * half_width({x, y});
    std::vector<Space> rim;
    for (const Point p : lamp == Lamp::kRound ? ellipse({z, y}, {wide, tall})
                                              : rectangle(z - wide, y - tall, z + wide, y + tall))
      rim.push_back({x, p.y, p.x});
    canvas_.fill(seen(rim), Paint(lit(colour, {at_nose ? 1.0 : -1.0, 0.3, 0.3})));
  }

  void draw_flank() {
    const Skeleton& k = skeleton_;
    const double height = shape_.belt - shape_.clearance;
    const auto strip = [&](double low, double high) {
      return rectangle(k.tail + 0.05, shape_.clearance + low * height, k.nose - 0.07,
                       shape_.clearance + high * height);
    };
    const double shoulder = 0.9 - std::max(shape_.bonnet_drop, shape_.boot_drop) / height;
    draw_on_side(strip(shoulder - 0.05, shoulder), {1.2, 1.2, 1.2}, 0.5 * livery_.gloss);
    if (shape_.moulding > 0)
      draw_on_side(strip(shape_.moulding - 0.05, shape_.moulding + 0.05), kPlastic);
    if (shape_.cladding > 0) draw_on_side(strip(0, shape_.cladding / height), kPlastic);
    if (livery_.dirt > 0) draw_on_side(strip(0, 0.45), {0.42, 0.36, 0.28}, 0.6 * livery_.dirt);
    for (const Polygon& bumper : bumpers()) draw_on_side(bumper, bumper_colour(), 1, 1.01);
  }

  void draw_windows() {
    const Skeleton& k = skeleton_;
    constexpr double kFrame = 0.06, kPillar = 0.07;
    const double sill = shape_.belt + 0.02;
    const Polygon cabin{{k.rear_foot.x + 0.11, sill},
                        k.rear_top + Point{0.04, -kFrame - 0.02},
                        k.screen_top + Point{-0.02, -kFrame},
                        {k.screen_foot.x - 0.11, sill}};
    const double front = cabin[3].x;
    const double length = shape_.glass_share * (front - cabin[0].x);
    const double pane = (length + kPillar) / shape_.windows;
    for (int i = 0; i < shape_.windows; ++i) {
      const double right = front - i * pane;
      const Polygon window = clip_x(cabin, right - pane + kPillar, right);
      if (window.size() < 3) continue;
      draw_on_side(round_corners(window, shape_.window_rounding), livery_.glass);
      const double shine = right - 0.6 * pane;
      draw_on_side(clip_x(window, shine, shine + 0.25 * pane), {0.8, 0.88, 0.95},
                   0.35 * livery_.gloss);
    }
    draw_on_side(ellipse({k.screen_foot.x - 0.12, shape_.belt + 0.07}, {0.06, 0.05}, 8),
                 0.8 * livery_.paint, 1, 1.12);
  }

  void draw_doors() {
    constexpr double kGap = 0.014;  // half its width
    const double length = shape_.doors == 1 ? 1.1 : 0.82;
    const double front = skeleton_.screen_foot.x - 0.06;
    const double sill = shape_.clearance + 0.08, belt = shape_.belt - 0.01;
    for (int i = 0; i <= shape_.doors; ++i) {
      const double x = front - i * length;
      draw_on_side(rectangle(x - kGap, sill, x + kGap, belt), kHollow, 0.75);
      if (i == 0) continue;
      draw_on_side(rectangle(x + 0.06, belt - 0.14, x + 0.2, belt - 0.1), kPlastic, 0.9);
    }
  }

  void draw_side_lamps() {
    const Skeleton& k = skeleton_;
    const auto lamp = [&](Point at, double inwards, Lamp kind, Colour colour) {
      if (kind == Lamp::kRound) return draw_on_side(ellipse(at, {0.08, 0.09}, 14), colour);
      const double tall = kind == Lamp::kSlit ? 0.035 : 0.09;
      const double end = at.x + inwards * (kind == Lamp::kSlit ? 0.28 : 0.12);
      draw_on_side(rectangle(std::min(at.x, end), at.y - tall, std::max(at.x, end), at.y + tall),
                   colour);
    };
    const double glow = livery_.lamps_on ? 1.4 : 1;
    lamp(k.nose_top + Point{0.0, -0.12}, -1, shape_.head_lamp, glow * kAmberWhite);
    lamp(k.tail_top + Point{0.04, -0.13}, 1, shape_.tail_lamp, glow * kRed);
  }

  void draw_wheel(double x) {
    const double r = shape_.wheel_radius, rim = shape_.rim_share * r;
    const Point hub{x, r};
    Polygon arch;  // what of it lies above the sill
    for (const Point p : ellipse(hub, {1.17 * r, 1.17 * r}, 32))
      arch.push_back({p.x, std::max(p.y, shape_.clearance)});
    draw_on_side(arch, kHollow);
    draw_on_side(ellipse(hub, {r, r}, 28), 0.7 * kRubber, 1, 0.86);
    draw_on_side(ellipse(hub, {r, r}, 28), kRubber, 1, 0.98);
    const auto disc = [&](double radius, Colour colour) {
      draw_on_side(ellipse(hub, {radius, radius}, 20), colour, 1, 0.99);
    };
    disc(rim, livery_.rim);
    if (shape_.spokes == 0) {
      disc(0.55 * rim, 0.75 * livery_.rim);
      return disc(0.4 * rim, livery_.rim);
    }
    disc(0.86 * rim, kHollow);
    for (int i = 0; i < shape_.spokes; ++i) {
      const double angle = livery_.wheel_angle + 2 * std::numbers::pi * i / shape_.spokes;
      const Point along{std::cos(angle), std::sin(angle)};
      const Point across = (0.9 * rim / shape_.spokes) * Point{-along.y, along.x};
      const Point tip = hub + 0.93 * rim * along;
      draw_on_side({hub + across, tip + 0.7 * across, tip - 0.7 * across, hub - across},
                   livery_.rim, 1, 0.99);
    }
    disc(0.24 * rim, livery_.rim);
  }

  void draw_spoiler() {
    const bool on_roof = shape_.boot_length < 0.2;
    const Point foot = on_roof ? skeleton_.rear_top : skeleton_.tail_top;
    const double top = foot.y + (on_roof ? 0.4 : 1) * shape_.spoiler, left = foot.x - 0.16;
    draw_prism(rectangle(foot.x + 0.05, foot.y - 0.03, foot.x + 0.12, top), 0.8, kPlastic);
    draw_prism(
        {{left, top - 0.02}, {left, top + 0.03}, {left + 0.36, top}, {left + 0.36, top - 0.04}},
        0.92, 0.9 * livery_.paint);
  }

  void draw_rack() {
    const double low = shape_.roof - 0.04, high = shape_.roof + 0.07;
    const double from = skeleton_.rear_top.x + 0.05, to = skeleton_.screen_top.x - 0.05;
    for (const double share : {-0.9, 0.9}) {
      draw_on_side(rectangle(from, high - 0.035, to, high), kPlastic, 1, share);
      for (const double t : {0.05, 0.5, 0.95}) {
        const double x = from + t * (to - from);
        draw_on_side(rectangle(x - 0.03, low, x + 0.03, high), kPlastic, 1, share);
      }
    }
  }

  Canvas& canvas_;
  const ClassShape& shape_;
  const Camera& camera_;
  const Light& light_;
  const Livery& livery_;
  Skeleton skeleton_;
};

}  // namespace

void draw_shadow(Canvas& canvas, const ClassShape& shape, const Camera& camera,
                 const Light& light) {
  const Skeleton k(shape);
  const double lean = 0.5 * shape.roof / std::max(light.sun.y, 0.4);
  const double dx = -lean * light.sun.x, dz = -lean * light.sun.z;
  for (const double grown : {-0.1, 0.0, 0.1, 0.2}) {
    Polygon polygon;
    const double z = shape.width / 2 + grown;
    for (const Point p : round_corners(rectangle(k.tail - grown, -z, k.nose + grown, z), 0.4)) {
      const double stretch = 0.5 + 0.5 * light.direct;
      polygon.push_back(camera.project({p.x + stretch * dx, 0, p.y + stretch * dz}));
    }
    canvas.fill(polygon, Paint({0.05, 0.05, 0.08}, 0.12 + 0.14 * light.direct));
  }
}

void draw_body(Canvas& canvas, const ClassShape& shape, const Camera& camera, const Light& light,
               const Livery& livery) {
  Vehicle(canvas, shape, camera, light, livery).draw();
}

}  // namespace frugal::draw
