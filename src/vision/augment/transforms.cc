#include "vision/augment/transforms.h"

#include <algorithm>

#include "base/error.h"
#include "vision/augment/color.h"
#include "vision/augment/geometry.h"

namespace frugal::augment {
namespace {

void horizontal_flip(data::Image& picture, data::Size, const Values&, RandomStream&) {
  flip_horizontally(picture);
}

void random_crop(data::Image& picture, data::Size view, const Values& values,
                 RandomStream& random) {
  crop(picture, draw_shift({picture.height, picture.width}, view, values["shift"], random));
}

void random_resized_crop(data::Image& picture, data::Size view, const Values& values,
                         RandomStream& random) {
  const auto [scale_min, scale_max] = std::minmax({values["scale_min"], values["scale_max"]});
  const auto [ratio_min, ratio_max] = std::minmax({values["ratio_min"], values["ratio_max"]});
  crop(picture, draw_resized_crop({picture.height, picture.width}, view,
                                  {scale_min, scale_max, ratio_min, ratio_max}, random));
  picture = data::resize(picture, view);
}

// torchvision's ColorJitter around a constant: range 0 is the constant itself.
double draw_factor(const Values& values, RandomStream& random) {
  const double factor = values["factor"], range = values["range"];
  return std::max(0.0, random.uniform(factor - range, factor + range));
}

void brightness(data::Image& picture, data::Size, const Values& values, RandomStream& random) {
  adjust_brightness(picture.pixels, draw_factor(values, random));
}

void contrast(data::Image& picture, data::Size, const Values& values, RandomStream& random) {
  adjust_contrast(picture.pixels, draw_factor(values, random));
}

void saturation(data::Image& picture, data::Size, const Values& values, RandomStream& random) {
  adjust_saturation(picture.pixels, draw_factor(values, random));
}

void hue(data::Image& picture, data::Size, const Values& values, RandomStream& random) {
  const double turn = values["turn"], range = values["range"];
  adjust_hue(picture.pixels, random.uniform(turn - range, turn + range));
}

std::vector<TransformParameter> factor_parameters(const std::string& zero) {
  return {{"factor", 0, 10, 1, "0: " + zero + ", 1: as it is"},
          {"range", 0, 1, 0, "the factor is drawn from factor ± range"}};
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {{"horizontal_flip", "torchvision.transforms.functional.hflip", {}}, horizontal_flip},
      {{"random_crop",
        "torchvision.transforms.RandomCrop",
        {{"shift", 0, 1, 1, "how far from the centre, as a share of the room around the view"}}},
       random_crop},
      {{"random_resized_crop",
        "torchvision.transforms.RandomResizedCrop; Szegedy et al. 2015",
        {{"scale_min", 0.01, 1, 0.08, "least share of the picture's area"},
         {"scale_max", 0.01, 1, 1, "largest share of the picture's area"},
         {"ratio_min", 0.2, 5, 3.0 / 4, "least aspect, relative to the view's"},
         {"ratio_max", 0.2, 5, 4.0 / 3, "largest aspect, relative to the view's"}}},
       random_resized_crop},
      {{"brightness", "torchvision.transforms.functional.adjust_brightness",
        factor_parameters("black")},
       brightness},
      {{"contrast", "torchvision.transforms.functional.adjust_contrast",
        factor_parameters("the mean grey")},
       contrast},
      {{"saturation", "torchvision.transforms.functional.adjust_saturation",
        factor_parameters("grey")},
       saturation},
      {{"hue",
        "torchvision.transforms.functional.adjust_hue",
        {{"turn", -0.5, 0.5, 0, "of the colour circle; 0: as it is"},
         {"range", 0, 0.5, 0, "the turn is drawn from turn ± range"}}},
       hue},
  };
  return table;
}

const Row* find_row(std::string_view transform) {
  for (const Row& row : rows())
    if (row.transform.name == transform) return &row;
  return nullptr;
}

double Values::operator[](std::string_view name) const {
  for (const auto& [key, value] : use_.parameters)
    if (key == name) return value;
  for (const TransformParameter& parameter : transform_.parameters)
    if (parameter.name == name) return parameter.default_value;
  FRUGAL_CHECK(false, "no such parameter: " + std::string(name));
}

}  // namespace frugal::augment
