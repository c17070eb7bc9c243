#include "vision/augment/published.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <utility>

#include "base/error.h"
#include "vision/augment/color.h"
#include "vision/augment/filter.h"
#include "vision/augment/tone.h"
#include "vision/augment/warp.h"

namespace frugal::augment {
namespace {

void turn(data::Image& picture, const AffineMap& map, Point centre) {
  warp(picture, plane_map(map, centre), Sampling::kNearest, 0);
}

Point middle(const data::Image& picture) {
  return {static_cast<double>(picture.width) / 2, static_cast<double>(picture.height) / 2};
}

double degrees_of_slope(double slope) {
  return std::atan(slope) * 180 / std::numbers::pi;
}

void color(data::Image& picture, ColorKind kind, double magnitude) {
  const ColorStep step{kind, 1 + magnitude};
  adjust_color(picture.pixels, {&step, 1});
}

using Apply = void (*)(data::Image&, double);
using NamedApply = std::pair<std::string_view, Apply>;

const std::array<NamedApply, 15> kApply = {{
    {"Identity", [](data::Image&, double) {}},
    {"ShearX",
     [](data::Image& p, double m) { turn(p, {.shear_x_degrees = degrees_of_slope(m)}, {}); }},
    {"ShearY",
     [](data::Image& p, double m) { turn(p, {.shear_y_degrees = degrees_of_slope(m)}, {}); }},
    {"TranslateX",
     [](data::Image& p, double m) {
       turn(p, {.shift = {std::trunc(m), 0}}, middle(p));
     }},
    {"TranslateY",
     [](data::Image& p, double m) {
       turn(p, {.shift = {0, std::trunc(m)}}, middle(p));
     }},
    {"Rotate", [](data::Image& p, double m) { turn(p, {.rotation_degrees = -m}, middle(p)); }},
    {"Brightness", [](data::Image& p, double m) { color(p, ColorKind::kBrightness, m); }},
    {"Color", [](data::Image& p, double m) { color(p, ColorKind::kSaturation, m); }},
    {"Contrast", [](data::Image& p, double m) { color(p, ColorKind::kContrast, m); }},
    {"Sharpness", [](data::Image& p, double m) { adjust_sharpness(p, 1 + m); }},
    {"Posterize", [](data::Image& p, double m) { posterize(p.pixels, static_cast<int>(m)); }},
    {"Solarize", [](data::Image& p, double m) { solarize(p.pixels, m); }},
    {"AutoContrast", [](data::Image& p, double) { stretch_contrast(p.pixels); }},
    {"Equalize", [](data::Image& p, double) { equalize(p.pixels); }},
    {"Invert", [](data::Image& p, double) { invert(p.pixels); }},
}};

constexpr Operation signed_scale(std::string_view name, double last) {
  return {name, true, 0, last, true, false};
}

std::vector<Operation> signed_scales(double shear, double shift_x, double shift_y, double rotation,
                                     double color) {
  return {signed_scale("ShearX", shear),       signed_scale("ShearY", shear),
          signed_scale("TranslateX", shift_x), signed_scale("TranslateY", shift_y),
          signed_scale("Rotate", rotation),    signed_scale("Brightness", color),
          signed_scale("Color", color),        signed_scale("Contrast", color),
          signed_scale("Sharpness", color)};
}

void add_tones(std::vector<Operation>& operations, double fewest_bits) {
  operations.push_back({"Posterize", true, 8, fewest_bits, false, true});
  operations.push_back({"Solarize", true, 255, 0, false, false});
  operations.push_back({"AutoContrast"});
  operations.push_back({"Equalize"});
}

std::vector<Operation> published_operations(data::Size picture) {
  std::vector<Operation> operations =
      signed_scales(0.3, 150.0 / 331.0 * static_cast<double>(picture.width),
                    150.0 / 331.0 * static_cast<double>(picture.height), 30, 0.9);
  add_tones(operations, 4);
  return operations;
}

void apply_bin(data::Image& picture, const Operation& operation, std::size_t bin, std::size_t bins,
               RandomStream& random) {
  const bool negated = random.below(2) == 1 && operation.is_signed;
  const double magnitude = operation.magnitude(bin, bins);
  apply_operation(picture, operation.name, negated ? -magnitude : magnitude);
}

}  // namespace

double Operation::magnitude(std::size_t bin, std::size_t bins) const {
  FRUGAL_CHECK(bin < bins);
  if (!has_scale) return 0;
  const double value =
      first + (last - first) * static_cast<double>(bin) / static_cast<double>(bins - 1);
  return whole ? first - std::nearbyint(first - value) : value;
}

void apply_operation(data::Image& picture, std::string_view operation, double magnitude) {
  const auto found = std::find_if(kApply.begin(), kApply.end(), [&](const NamedApply& named) {
    return named.first == operation;
  });
  FRUGAL_CHECK(found != kApply.end(), std::string(operation));
  found->second(picture, magnitude);
}

std::vector<Operation> rand_augment_operations(data::Size picture) {
  std::vector<Operation> operations = published_operations(picture);
  operations.insert(operations.begin(), Operation{"Identity"});
  return operations;
}

std::vector<Operation> trivial_augment_operations() {
  std::vector<Operation> operations = signed_scales(0.99, 32, 32, 135, 0.99);
  operations.insert(operations.begin(), Operation{"Identity"});
  add_tones(operations, 2);
  return operations;
}

std::vector<Operation> auto_augment_operations(data::Size picture) {
  std::vector<Operation> operations = published_operations(picture);
  operations.push_back({"Invert"});
  return operations;
}

const std::vector<Subpolicy>& auto_augment_subpolicies() {
  static const std::vector<Subpolicy> table = {
      {{{"Posterize", 0.4, 8}, {"Rotate", 0.6, 9}}},
      {{{"Solarize", 0.6, 5}, {"AutoContrast", 0.6, 0}}},
      {{{"Equalize", 0.8, 0}, {"Equalize", 0.6, 0}}},
      {{{"Posterize", 0.6, 7}, {"Posterize", 0.6, 6}}},
      {{{"Equalize", 0.4, 0}, {"Solarize", 0.2, 4}}},
      {{{"Equalize", 0.4, 0}, {"Rotate", 0.8, 8}}},
      {{{"Solarize", 0.6, 3}, {"Equalize", 0.6, 0}}},
      {{{"Posterize", 0.8, 5}, {"Equalize", 1, 0}}},
      {{{"Rotate", 0.2, 3}, {"Solarize", 0.6, 8}}},
      {{{"Equalize", 0.6, 0}, {"Posterize", 0.4, 6}}},
      {{{"Rotate", 0.8, 8}, {"Color", 0.4, 0}}},
      {{{"Rotate", 0.4, 9}, {"Equalize", 0.6, 0}}},
      {{{"Equalize", 0, 0}, {"Equalize", 0.8, 0}}},
      {{{"Invert", 0.6, 0}, {"Equalize", 1, 0}}},
      {{{"Color", 0.6, 4}, {"Contrast", 1, 8}}},
      {{{"Rotate", 0.8, 8}, {"Color", 1, 2}}},
      {{{"Color", 0.8, 8}, {"Solarize", 0.8, 7}}},
      {{{"Sharpness", 0.4, 7}, {"Invert", 0.6, 0}}},
      {{{"ShearX", 0.6, 5}, {"Equalize", 1, 0}}},
      {{{"Color", 0.4, 0}, {"Equalize", 0.6, 0}}},
      {{{"Equalize", 0.4, 0}, {"Solarize", 0.2, 4}}},
      {{{"Solarize", 0.6, 5}, {"AutoContrast", 0.6, 0}}},
      {{{"Invert", 0.6, 0}, {"Equalize", 1, 0}}},
      {{{"Color", 0.6, 4}, {"Contrast", 1, 8}}},
      {{{"Equalize", 0.8, 0}, {"Equalize", 0.6, 0}}},
  };
  return table;
}

void rand_augment(data::Image& picture, std::size_t count, std::size_t bin, RandomStream& random) {
  const auto operations = rand_augment_operations({picture.height, picture.width});
  for (std::size_t i = 0; i < count; ++i)
    apply_bin(picture, operations[random.below(operations.size())], bin, kBins, random);
}

void trivial_augment(data::Image& picture, RandomStream& random) {
  const auto operations = trivial_augment_operations();
  const Operation& operation = operations[random.below(operations.size())];
  apply_bin(picture, operation, random.below(kBins), kBins, random);
}

void auto_augment(data::Image& picture, RandomStream& random) {
  const auto operations = auto_augment_operations({picture.height, picture.width});
  const auto& subpolicies = auto_augment_subpolicies();
  for (const SubpolicyStep& step : subpolicies[random.below(subpolicies.size())]) {
    if (random.uniform() >= step.probability) continue;
    const auto operation =
        std::find_if(operations.begin(), operations.end(),
                     [&](const Operation& known) { return known.name == step.operation; });
    FRUGAL_CHECK(operation != operations.end());
    apply_bin(picture, *operation, step.bin, kAutoAugmentBins, random);
  }
}

}  // namespace frugal::augment
