// What a policy does to pictures, in numbers: how colourful, how saturated, how contrasty they are,
// how much of their edges belongs to the object and how much to what stands around it, how much
// their grey values say.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/augment/geometry.h"
#include "vision/data/image.h"

namespace frugal::augment {

struct Measures {
  // Hasler & Süsstrunk 2003, M̂(3): of rg = R − G and yb = (R + G) / 2 − B, the length of the
  // deviations and 0.3 times that of the means. 0: grey; 15 slightly, 59 quite, 109 extremely
  // colourful, as their observers said.
  double colourfulness = 0;
  double saturation = 0;  // mean of HSV's, 0..1
  double contrast = 0;    // deviation of the luma, 0..0.5; 1: white
  // Mean squared Sobel gradient of the luma (a step from black to white has 1), in the window of
  // the object and outside of it.
  double object_edges = 0;
  double clutter_edges = 0;
  double entropy = 0;  // of the 256 values of the luma, in bits, 0..8

  bool operator==(const Measures&) const = default;
};

// object: where the object stands; without one the middle half of each side. Where nothing lies
// outside, or in a picture without neighbours, the edges are 0. Never a NaN.
Measures measure(const data::Image& picture, const std::optional<Window>& object = {});

// The measures by name, in the order of the struct.
struct MeasureColumn {
  std::string name;
  double Measures::*value;
};
const std::vector<MeasureColumn>& measure_columns();

Json to_json(const Measures& measures);

// Before and after, over photographs: the mean of each, and the mean change with half the width of
// its 95 % interval (normal, over photographs; 0 for a single one).
struct MeasureChange {
  std::string name;
  double before = 0, after = 0;
  double change = 0, change_margin = 0;
};
// after: of the same photographs in the same order, or a multiple of them (variants), of which the
// mean for each photograph counts. before: not empty.
std::vector<MeasureChange> compare(std::span<const Measures> before,
                                   std::span<const Measures> after);
Json to_json(const std::vector<MeasureChange>& changes);

}  // namespace frugal::augment
