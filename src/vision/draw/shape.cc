#include "vision/draw/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"

namespace frugal::draw {
namespace {

struct Range {
  double low, high;
};

constexpr std::array kStyles{"hatchback", "saloon", "estate", "coupe", "van", "pickup"};
enum Style { kHatchback, kSaloon, kEstate, kCoupe, kVan, kPickup };

struct Length {
  double ClassShape::*member;
  std::array<Range, kStyles.size()> of;  // by style
};

// clang-format off
constexpr std::array<Length, 19> kLengths{{
    //                              hatchback     saloon        estate        coupe         van           pickup
    {&ClassShape::wheelbase,         {{{2.1, 2.5},   {2.4, 2.8},   {2.4, 2.8},   {2.2, 2.6},   {2.3, 2.9},   {2.5, 3.0}}}},
    {&ClassShape::front_overhang,    {{{0.5, 0.75},  {0.6, 0.85},  {0.6, 0.85},  {0.6, 0.9},   {0.45, 0.8},  {0.6, 0.85}}}},
    {&ClassShape::rear_overhang,     {{{0.4, 0.65},  {0.75, 1.05}, {0.75, 1.05}, {0.6, 0.95},  {0.6, 1.0},   {0.8, 1.1}}}},
    {&ClassShape::width,             {{{1.5, 1.65},  {1.6, 1.75},  {1.6, 1.75},  {1.6, 1.8},   {1.6, 1.8},   {1.65, 1.85}}}},
    {&ClassShape::clearance,         {{{0.2, 0.3},   {0.2, 0.28},  {0.2, 0.3},   {0.14, 0.22}, {0.22, 0.34}, {0.3, 0.45}}}},
    {&ClassShape::belt,              {{{0.85, 1.0},  {0.85, 0.98}, {0.85, 1.0},  {0.76, 0.9},  {0.95, 1.15}, {0.95, 1.15}}}},
    {&ClassShape::roof,              {{{1.4, 1.62},  {1.35, 1.52}, {1.38, 1.6},  {1.16, 1.34}, {1.7, 2.1},   {1.55, 1.8}}}},
    {&ClassShape::bonnet_length,     {{{0.65, 1.1},  {0.95, 1.4},  {0.95, 1.4},  {1.05, 1.6},  {0.3, 0.9},   {0.9, 1.35}}}},
    {&ClassShape::bonnet_drop,       {{{0.08, 0.28}, {0.06, 0.22}, {0.06, 0.22}, {0.1, 0.28},  {0.1, 0.35},  {0.02, 0.16}}}},
    {&ClassShape::windscreen_run,    {{{0.35, 0.75}, {0.45, 0.8},  {0.4, 0.75},  {0.55, 0.9},  {0.3, 0.75},  {0.3, 0.6}}}},
    {&ClassShape::boot_length,       {{{0, 0.15},    {0.55, 1.0},  {0, 0.1},     {0.2, 0.7},   {0, 0.02},    {1.2, 1.65}}}},
    {&ClassShape::boot_drop,         {{{0, 0.12},    {0, 0.14},    {0, 0.1},     {0, 0.16},    {0, 0.05},    {0, 0.04}}}},
    {&ClassShape::rear_run,          {{{0.2, 0.65},  {0.4, 0.75},  {0.12, 0.6},  {0.6, 1.1},   {0.02, 0.16}, {0.04, 0.2}}}},
    {&ClassShape::roof_slope,        {{{0, 0.12},    {0, 0.08},    {0, 0.1},     {0.02, 0.14}, {0, 0.08},    {0, 0.05}}}},
    {&ClassShape::corner_radius,     {{{0.05, 0.3},  {0.05, 0.25}, {0.05, 0.25}, {0.05, 0.3},  {0.05, 0.3},  {0.04, 0.2}}}},
    {&ClassShape::glass_share,       {{{1, 1},       {1, 1},       {0.7, 1},     {1, 1},       {0.3, 1},     {1, 1}}}},
    {&ClassShape::window_rounding,   {{{0.02, 0.14}, {0.02, 0.14}, {0.02, 0.14}, {0.02, 0.12}, {0.02, 0.16}, {0.02, 0.14}}}},
    {&ClassShape::wheel_radius,      {{{0.26, 0.35}, {0.28, 0.36}, {0.28, 0.36}, {0.28, 0.37}, {0.27, 0.37}, {0.33, 0.43}}}},
    {&ClassShape::rim_share,         {{{0.52, 0.78}, {0.55, 0.78}, {0.55, 0.78}, {0.6, 0.82},  {0.5, 0.72},  {0.5, 0.72}}}},
}};
// clang-format on

constexpr std::array<Range, kStyles.size()> kWindows{
    {{1, 3}, {2, 3}, {2, 4}, {1, 2}, {1, 5}, {1, 2}}};
constexpr std::array<Range, kStyles.size()> kDoors{
    {{1, 2}, {1, 2}, {2, 2}, {1, 1}, {1, 2}, {1, 2}}};
constexpr std::array kSpokes{0, 4, 5, 6, 8, 10};
constexpr double kShortestRoofMetres = 0.35;

// Invented, as the houses that built them.
constexpr std::array kSourceMarques{"arden",  "belmar", "corvin",  "dunmore", "elstow", "farrow",
                                    "galway", "hexham", "ivelle",  "jarrow",  "kelso",  "lorton",
                                    "merrow", "norvik", "ostrava", "penrith"};
constexpr std::array kTargetMarques{"quillon", "ravenna", "selwyn", "tarrant", "ulmer",  "verity",
                                    "wexley",  "xanten",  "yarrow", "zephyr",  "alcott", "brisco",
                                    "calder",  "delft",   "ember",  "fenwick"};

std::string class_name(Task task, std::size_t number) {
  const auto& marques = task == Task::kSource ? kSourceMarques : kTargetMarques;
  const std::size_t marque = number / kStyles.size(), series = marque / marques.size();
  std::string name = marques[marque % marques.size()];
  name += std::string("-") + kStyles[number % kStyles.size()];
  return series == 0 ? name : name + "-" + std::to_string(series + 1);
}

ClassShape candidate(std::size_t style, double spread, RandomStream& random) {
  ClassShape shape{};
  for (const Length& length : kLengths) {
    const auto [low, high] = length.of[style];
    shape.*length.member = (low + high) / 2 + spread * (random.uniform() - 0.5) * (high - low);
  }
  // The first of choices stands for all classes when they are not to differ.
  const auto choose = [&](const auto& choices) {
    const std::size_t i = random.below(choices.size());
    return choices[random.uniform() < spread ? i : 0];
  };
  const auto count = [&](Range range) {
    const auto i = int(random.below(std::size_t(range.high - range.low) + 1));
    return int(range.low) + (random.uniform() < spread ? i : 0);
  };
  constexpr std::array kLamps{Lamp::kRound, Lamp::kSquare, Lamp::kSlit};
  shape.windows = count(kWindows[style]);
  shape.doors = count(kDoors[style]);
  shape.spokes = choose(kSpokes);
  shape.head_lamp = choose(kLamps);
  shape.tail_lamp = choose(kLamps);
  shape.spoiler = choose(std::array{0.0, 0.0, style == kVan || style == kPickup ? 0.0 : 0.13});
  shape.cladding = choose(std::array{0.0, 0.0, 0.13});
  shape.moulding = choose(std::array{0.0, 0.0, 0.42, 0.62});
  shape.roof_rack = choose(std::array{false, false, style != kCoupe && style != kPickup});
  shape.open_bed = style == kPickup;
  return shape;
}

double roof_metres(const ClassShape& s) {
  return s.wheelbase + s.front_overhang + s.rear_overhang - s.bonnet_length - s.windscreen_run -
         s.boot_length - s.rear_run;
}

}  // namespace

double difference(const ClassShape& a, const ClassShape& b) {
  double sum = 0;
  std::size_t terms = 0;
  const auto add = [&](double share) {
    sum += share * share;
    ++terms;
  };
  for (const Length& length : kLengths) {
    double low = std::numeric_limits<double>::max(), high = 0;
    for (const Range range : length.of) {
      low = std::min(low, range.low);
      high = std::max(high, range.high);
    }
    add((a.*length.member - b.*length.member) / (high - low));
  }
  add((a.windows - b.windows) / 4.0);
  add((a.spokes - b.spokes) / 10.0);
  add((a.spoiler - b.spoiler) / 0.13);
  add((a.cladding - b.cladding) / 0.13);
  add((a.moulding - b.moulding) / 0.62);
  for (const bool differs : {a.doors != b.doors, a.head_lamp != b.head_lamp,
                             a.tail_lamp != b.tail_lamp, a.roof_rack != b.roof_rack})
    add(differs);
  return std::sqrt(sum / double(terms));
}

std::vector<ClassShape> class_shapes(const ClassOptions& options) {
  FRUGAL_CHECK(options.spread >= 0 && options.spread <= 1);
  constexpr int kCandidates = 12;
  const RandomStream stream = RandomStream(options.seed)
                                  .derive("class shapes")
                                  .derive(options.task == Task::kSource ? "source" : "target");
  std::vector<ClassShape> shapes;
  for (std::size_t number = 0; number < options.classes; ++number) {
    RandomStream random = stream.derive(number);
    ClassShape best{};
    double best_difference = -1;
    for (int tried = 0; tried < kCandidates || best_difference < 0; ++tried) {
      ClassShape shape = candidate(number % kStyles.size(), options.spread, random);
      if (roof_metres(shape) < kShortestRoofMetres) continue;
      double nearest = std::numeric_limits<double>::max();
      for (const ClassShape& other : shapes) nearest = std::min(nearest, difference(shape, other));
      if (nearest > best_difference) {
        best_difference = nearest;
        best = shape;
      }
    }
    best.name = class_name(options.task, number);
    shapes.push_back(best);
  }
  return shapes;
}

}  // namespace frugal::draw
