// The classes: small vehicles that differ in shape alone. Everything else in a photograph
// (paint, view, light, clutter) says nothing about the class.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::draw {

enum class Lamp { kRound, kSquare, kSlit };

// Lengths in metres. x runs from the tail to the nose with 0 midway between the axles, y up from
// the road.
struct ClassShape {
  std::string name;  // "arden-coupe": a folder's name

  double wheelbase, front_overhang, rear_overhang, width;
  double clearance;  // from the road to the sill
  double belt;       // to the lower edge of the windows
  double roof;       // to the top

  double bonnet_length;   // nose to foot of the windscreen
  double bonnet_drop;     // how far the nose lies below the belt
  double windscreen_run;  // how far the windscreen leans back
  double boot_length;     // tail to foot of the rear window; 0: none
  double boot_drop;       // how far the tail lies below the belt
  double rear_run;        // how far the rear window leans forward
  double roof_slope;      // how far the rear end of the roof lies below the top
  double corner_radius;   // of the outline

  double glass_share;      // of the cabin's length that has windows, from the front
  double window_rounding;  // radius of their corners
  int windows;             // on a side
  int doors;               // on a side

  double wheel_radius;
  double rim_share;  // of the wheel's radius
  int spokes;        // 0: a hub cap
  Lamp head_lamp, tail_lamp;

  double spoiler;   // height of the rear wing; 0: none
  double cladding;  // height of the dark plastic along the sill; 0: none
  double moulding;  // height of the strip along the side, as a share of it; 0: none
  bool roof_rack;
  bool open_bed;  // a pickup's, in the place of the boot
};

enum class Task { kSource, kTarget };

struct ClassOptions {
  Task task = Task::kSource;
  std::size_t classes = 24;
  std::uint64_t seed = 0;
  // How far classes of the same body style lie apart: 0 all the same, 1 as far as the style
  // allows.
  double spread = 1;
};

// As many classes, spread over the body styles in turn and as unlike each other as a seeded
// draw of best candidates (Mitchell 1991) makes them. The two tasks of one seed have different
// classes under different names. The first n classes do not depend on how many follow.
std::vector<ClassShape> class_shapes(const ClassOptions& options);

// Root mean square over the parameters, each as a share of its range over all styles.
double difference(const ClassShape& a, const ClassShape& b);

}  // namespace frugal::draw
