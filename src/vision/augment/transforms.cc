#include "vision/augment/transforms.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "vision/augment/color.h"
#include "vision/augment/filter.h"
#include "vision/augment/geometry.h"
#include "vision/augment/published.h"
#include "vision/augment/tone.h"
#include "vision/augment/warp.h"

namespace frugal::augment {
namespace {

using data::Image;
using data::Size;

// A constant, or a distribution around it: uniform in value ± range.
double draw_around(double value, double range, RandomStream& random) {
  return range == 0 ? value : random.uniform(value - range, value + range);
}

std::uint8_t fill_of(const Values& values) {
  return static_cast<std::uint8_t>(values["fill"]);
}

Size size_of(const Image& picture) {
  return {picture.height, picture.width};
}

void horizontal_flip(Image& picture, Size, const Values&, RandomStream&) {
  flip_horizontally(picture);
}

void random_crop(Image& picture, Size view, const Values& values, RandomStream& random) {
  crop(picture, draw_shift(size_of(picture), view, values["shift"], random));
}

ResizedCropRange range_of(const Values& values) {
  const auto [scale_min, scale_max] = std::minmax({values["scale_min"], values["scale_max"]});
  const auto [ratio_min, ratio_max] = std::minmax({values["ratio_min"], values["ratio_max"]});
  return {scale_min, scale_max, ratio_min, ratio_max};
}

void random_resized_crop(Image& picture, Size view, const Values& values, RandomStream& random) {
  crop(picture, draw_resized_crop(size_of(picture), view, range_of(values), random));
  picture = data::resize(picture, view);
}

// torchvision's ColorJitter around a constant.
ColorStep color_step(ColorKind kind, const Values& values, RandomStream& random) {
  return {kind, std::max(0.0, draw_around(values["factor"], values["range"], random))};
}

ColorStep brightness(const Values& values, RandomStream& random) {
  return color_step(ColorKind::kBrightness, values, random);
}

ColorStep contrast(const Values& values, RandomStream& random) {
  return color_step(ColorKind::kContrast, values, random);
}

ColorStep saturation(const Values& values, RandomStream& random) {
  return color_step(ColorKind::kSaturation, values, random);
}

void hue(Image& picture, Size, const Values& values, RandomStream& random) {
  adjust_hue(picture.pixels, draw_around(values["turn"], values["range"], random));
}

// Around the picture's centre.
void affine(Image& picture, const AffineMap& map, const Values& values) {
  if (map == AffineMap{}) return;
  const Point centre{static_cast<double>(picture.width) / 2,
                     static_cast<double>(picture.height) / 2};
  warp(picture, plane_map(map, centre), Sampling::kBilinear, fill_of(values));
}

void rotation(Image& picture, Size, const Values& values, RandomStream& random) {
  const double degrees = draw_around(values["degrees"], values["range"], random);
  affine(picture, {.rotation_degrees = -degrees}, values);
}

void shear(Image& picture, Size, const Values& values, RandomStream& random) {
  const double x = draw_around(values["x"], values["range"], random);
  const double y = draw_around(values["y"], values["range"], random);
  affine(picture, {.shear_x_degrees = x, .shear_y_degrees = y}, values);
}

void translation(Image& picture, Size, const Values& values, RandomStream& random) {
  const double x = draw_around(values["x"], values["range"], random);
  const double y = draw_around(values["y"], values["range"], random);
  affine(
      picture,
      {.shift = {x * static_cast<double>(picture.width), y * static_cast<double>(picture.height)}},
      values);
}

// torchvision's RandomPerspective.get_params.
void perspective(Image& picture, Size, const Values& values, RandomStream& random) {
  const auto inwards = [&](std::size_t side) {
    const std::size_t half = side / 2;
    const auto room = static_cast<std::size_t>(values["distortion"] * static_cast<double>(half));
    return static_cast<double>(random.below(room + 1));
  };
  const auto right = static_cast<double>(picture.width) - 1;
  const auto bottom = static_cast<double>(picture.height) - 1;
  std::array<Point, 4> corners;
  for (Point& corner : corners) corner = {inwards(picture.width), inwards(picture.height)};
  corners[1].x = right - corners[1].x;
  corners[2] = {right - corners[2].x, bottom - corners[2].y};
  corners[3].y = bottom - corners[3].y;
  warp(picture, perspective_map(size_of(picture), corners), Sampling::kBilinear, fill_of(values));
}

void grayscale(Image& picture, Size, const Values&, RandomStream&) {
  to_grey(picture.pixels);
}

void inversion(Image& picture, Size, const Values&, RandomStream&) {
  invert(picture.pixels);
}

void posterization(Image& picture, Size, const Values& values, RandomStream&) {
  posterize(picture.pixels, static_cast<int>(values["bits"]));
}

void solarization(Image& picture, Size, const Values& values, RandomStream&) {
  solarize(picture.pixels, values["threshold"]);
}

void equalization(Image& picture, Size, const Values&, RandomStream&) {
  equalize(picture.pixels);
}

void autocontrast(Image& picture, Size, const Values&, RandomStream&) {
  stretch_contrast(picture.pixels);
}

void sharpness(Image& picture, Size, const Values& values, RandomStream& random) {
  adjust_sharpness(picture, std::max(0.0, draw_around(values["factor"], values["range"], random)));
}

void gaussian_blur(Image& picture, Size, const Values& values, RandomStream& random) {
  const double deviation = draw_around(values["deviation"], values["range"], random);
  if (deviation > 0.05) blur(picture, deviation);  // less than that reaches no neighbour
}

void noise(Image& picture, Size, const Values& values, RandomStream& random) {
  add_noise(picture, values["deviation"], random);
}

void jpeg(Image& picture, Size, const Values& values, RandomStream& random) {
  const double quality = draw_around(values["quality"], values["range"], random);
  compress(picture, static_cast<int>(std::clamp(quality, 1.0, 100.0)));
}

void erasing(Image& picture, Size, const Values& values, RandomStream& random) {
  fill(picture, draw_erasing(size_of(picture), range_of(values), random), fill_of(values));
}

void randaugment(Image& picture, Size, const Values& values, RandomStream& random) {
  rand_augment(picture, static_cast<std::size_t>(values["count"]),
               static_cast<std::size_t>(values["magnitude"]), random);
}

void trivialaugment(Image& picture, Size, const Values&, RandomStream& random) {
  trivial_augment(picture, random);
}

void autoaugment(Image& picture, Size, const Values&, RandomStream& random) {
  auto_augment(picture, random);
}

Mix mixup(Size, const Values& values, RandomStream& random) {
  return {.share = draw_mixup_share(values["alpha"], random)};
}

Mix cutmix(Size view, const Values& values, RandomStream& random) {
  const Window window = draw_cutmix_window(view, values["alpha"], random);
  const auto area = static_cast<double>(window.height * window.width);
  return {.share = area / static_cast<double>(view.height * view.width), .window = window};
}

// max: of the 2020 study that tuned these four.
std::vector<TransformParameter> factor_parameters(const std::string& zero, double max) {
  return {{"factor", 0, max, 1, "0: " + zero + ", 1: as it is"},
          {"range", 0, max, 0, "the factor is drawn from factor ± range, not below 0"}};
}

TransformParameter fill_parameter() {
  return {"fill", 0, 255, 0, "value of what comes from outside the picture", true};
}

std::vector<TransformParameter> window_parameters(double scale_min, double scale_max,
                                                  double ratio_min, double ratio_max) {
  return {{"scale_min", 0.01, 1, scale_min, "least share of the picture's area"},
          {"scale_max", 0.01, 1, scale_max, "largest share of the picture's area"},
          {"ratio_min", 0.2, 5, ratio_min, "least aspect, relative to the view's"},
          {"ratio_max", 0.2, 5, ratio_max, "largest aspect, relative to the view's"}};
}

std::vector<TransformParameter> erasing_parameters() {
  auto parameters = window_parameters(0.02, 0.33, 0.3, 3.3);
  parameters[2].meaning = "least height / width";
  parameters[3].meaning = "largest height / width";
  parameters.push_back({"fill", 0, 255, 128, "value of what is erased", true});
  return parameters;
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {{"horizontal_flip", "torchvision.transforms.functional.hflip", {}}, horizontal_flip},
      {{"random_crop",
        "torchvision.transforms.RandomCrop",
        {{"shift", 0, 1, 1, "how far from the centre, as a share of the room around the view"}}},
       random_crop},
      {{"random_resized_crop", "torchvision.transforms.RandomResizedCrop; Szegedy et al. 2015",
        window_parameters(0.08, 1, 3.0 / 4, 4.0 / 3)},
       random_resized_crop},
      {{"brightness", "torchvision.transforms.functional.adjust_brightness",
        factor_parameters("black", 10)},
       brightness},
      {{"contrast", "torchvision.transforms.functional.adjust_contrast",
        factor_parameters("the mean grey", 100)},
       contrast},
      {{"saturation", "torchvision.transforms.functional.adjust_saturation",
        factor_parameters("grey", 100)},
       saturation},
      {{"hue",
        "torchvision.transforms.functional.adjust_hue",
        {{"turn", -0.5, 0.5, 0, "of the colour circle; 0: as it is"},
         {"range", 0, 0.5, 0, "the turn is drawn from turn ± range"}}},
       hue},
      {{"rotation",
        "torchvision.transforms.functional.rotate, bilinear",
        {{"degrees", -180, 180, 0, "counter-clockwise"},
         {"range", 0, 180, 0, "the angle is drawn from degrees ± range"},
         fill_parameter()}},
       rotation},
      {{"shear",
        "torchvision.transforms.functional.affine, bilinear",
        {{"x", -60, 60, 0, "degrees"},
         {"y", -60, 60, 0, "degrees"},
         {"range", 0, 25, 0, "each angle is drawn from its value ± range"},
         fill_parameter()}},
       shear},
      {{"translation",
        "torchvision.transforms.functional.affine, bilinear",
        {{"x", -1, 1, 0, "to the right, as a share of the picture's width"},
         {"y", -1, 1, 0, "downwards, as a share of the picture's height"},
         {"range", 0, 1, 0, "each is drawn from its value ± range"},
         fill_parameter()}},
       translation},
      {{"perspective",
        "torchvision.transforms.RandomPerspective",
        {{"distortion", 0, 1, 0.5, "how far a corner moves inwards, as a share of half the side"},
         fill_parameter()}},
       perspective},
      {{"grayscale", "torchvision.transforms.functional.rgb_to_grayscale", {}}, grayscale},
      {{"invert", "torchvision.transforms.functional.invert", {}}, inversion},
      {{"posterize",
        "torchvision.transforms.functional.posterize",
        {{"bits", 0, 8, 4, "kept of each value; 8: as it is", true}}},
       posterization},
      {{"solarize",
        "torchvision.transforms.functional.solarize",
        {{"threshold", 0, 256, 128, "values from here on are inverted; 256: none"}}},
       solarization},
      {{"equalize", "torchvision.transforms.functional.equalize", {}}, equalization},
      {{"autocontrast", "torchvision.transforms.functional.autocontrast", {}}, autocontrast},
      {{"sharpness", "torchvision.transforms.functional.adjust_sharpness",
        factor_parameters("smooth", 10)},
       sharpness},
      {{"blur",
        "torchvision.transforms.functional.gaussian_blur",
        {{"deviation", 0, 10, 1, "pixels"},
         {"range", 0, 10, 0, "the deviation is drawn from deviation ± range"}}},
       gaussian_blur},
      {{"noise",
        "Gaussian, of each channel of each pixel",
        {{"deviation", 0, 1, 0.05, "1: from black to white"}}},
       noise},
      {{"jpeg",
        "torchvision.io.encode_jpeg and decode_jpeg",
        {{"quality", 1, 100, 50, "of JPEG"},
         {"range", 0, 99, 0, "the quality is drawn from quality ± range"}}},
       jpeg},
      {{"erasing", "torchvision.transforms.RandomErasing; Zhong et al. 2020", erasing_parameters()},
       erasing},
      {{"rand_augment",
        "torchvision.transforms.RandAugment; Cubuk et al. 2020",
        {{"magnitude", 0, 30, 9, "of every operation", true},
         {"count", 0, 10, 2, "operations, one after the other", true}}},
       randaugment},
      {{"trivial_augment", "torchvision.transforms.TrivialAugmentWide; Müller & Hutter 2021", {}},
       trivialaugment},
      {{"auto_augment", "torchvision.transforms.AutoAugment, ImageNet; Cubuk et al. 2019", {}},
       autoaugment},
      {{"mixup",
        "Zhang et al. 2018",
        {{"alpha", 0.01, 10, 0.2, "of the Beta distribution of the shares"}},
        Stage::kBatch},
       mixup},
      {{"cutmix",
        "Yun et al. 2019",
        {{"alpha", 0.01, 10, 1, "of the Beta distribution of the window's area"}},
        Stage::kBatch},
       cutmix},
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
