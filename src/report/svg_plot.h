// Plots as inline SVG: axes with round ticks, lines, steps, points, whiskers, bands, and labels
// that do not collide. Colours are CSS classes (c1 ... c6), so that one drawing serves light, dark
// and print; marks differ in shape too. Pure functions of their input.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace frugal::report {

inline constexpr std::size_t kColours = 6;

struct PlotPoint {
  double x = 0, y = 0;
  double low = NAN, high = NAN;  // the interval of y, when it has one
  std::string title;             // what a pointer resting on the mark is told
};

struct Series {
  std::string label;  // "": none is drawn
  std::vector<PlotPoint> points;
  std::size_t colour = 0;  // below kColours; decides the mark's shape too
  enum class Join { kNone, kLine, kSteps } join = Join::kLine;
  enum class Interval { kWhiskers, kBand } interval = Interval::kWhiskers;
  bool marks = false;
  bool dashed = false;
  bool faint = false;   // and its marks small
  bool hollow = false;  // marks drawn as outlines
};

struct Plot {
  std::string id;           // unique on the page
  std::string title;        // for who cannot see it
  std::string description;  // likewise: what the plot shows, in words
  std::string x_label, y_label;
  bool log_x = false;                // every x > 0
  bool percent_y = false;            // shares, shown in per cent and kept within [0, 1]
  bool labels_at_end = true;         // to the right of each series' last point; else beside it
  double width = 912, height = 380;  // of the drawing's own units, about pixels
  std::vector<Series> series;
};

// Points that are not finite are left out. "" when there is nothing to draw.
std::string to_svg(const Plot& plot);

// Round numbers (1, 2 or 5 times a power of ten apart), about `count` of them, that lie in
// [low, high]. Heckbert (1990), "Nice numbers for graph labels", Graphics Gems.
std::vector<double> nice_ticks(double low, double high, std::size_t count);

// Positions nearest to the wanted ones (ascending; least squares), in the same order, at least gap
// apart and within [low, high]; evenly over it when there is no room. Isotonic regression by
// pooling adjacent violators, Barlow et al. (1972).
std::vector<double> spread_labels(const std::vector<double>& wanted, double gap, double low,
                                  double high);

}  // namespace frugal::report
