// Against torchvision: golden/make_golden.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "vision/augment/color.h"
#include "vision/augment/filter.h"
#include "vision/augment/geometry.h"
#include "vision/augment/mix.h"
#include "vision/augment/policy.h"
#include "vision/augment/published.h"
#include "vision/augment/testing.h"
#include "vision/augment/tone.h"
#include "vision/augment/warp.h"

namespace frugal::augment {
namespace {

using data::Image;

const std::filesystem::path kGolden = FRUGAL_GOLDEN;

// The picture as a policy of that one transform leaves it.
Image by_policy(const Image& picture, const std::string& transform,
                const std::map<std::string, double>& parameters = {}) {
  return testing::applied({{{transform, 1, parameters}}}, picture, testing::size_of(picture));
}

Image warped_nearest(Image picture, double degrees) {
  const Point centre{static_cast<double>(picture.width) / 2,
                     static_cast<double>(picture.height) / 2};
  warp(picture, plane_map({.rotation_degrees = -degrees}, centre), Sampling::kNearest, 77);
  return picture;
}

Image by_perspective(Image picture, const Json& ends) {
  std::array<Point, 4> corners;
  for (std::size_t i = 0; i < 4; ++i) corners[i] = {ends[i][0], ends[i][1]};
  warp(picture, perspective_map(testing::size_of(picture), corners), Sampling::kBilinear, 0);
  return picture;
}

Image by_crop(Image picture, const Json& window) {
  const data::Size size = testing::size_of(picture);
  crop(picture, {window[0], window[1], window[2], window[3]});
  return data::resize(picture, size);
}

Image mixed_with_upside_down(Image picture, double share) {
  Image partner = picture;
  const std::size_t row = picture.width * 3;
  for (std::size_t y = 0; y < picture.height; ++y)
    std::copy_n(&picture.pixels[y * row], row, &partner.pixels[(picture.height - 1 - y) * row]);
  mix(picture.pixels, partner.pixels, testing::size_of(picture), {.share = 1 - share});
  return picture;
}

Image by_case(const Image& picture, const Json& json) {
  const auto name = json["name"].get<std::string>();
  const auto number = [&](const char* key) { return json.at(key).get<double>(); };
  Image changed = picture;
  if (name == "picture") return picture;
  if (name == "color") {
    const auto& factors = json["factors"];
    return testing::applied({{{"brightness", 1, {{"factor", factors[0]}}},
                              {"contrast", 1, {{"factor", factors[1]}}},
                              {"saturation", 1, {{"factor", factors[2]}}}}},
                            picture, testing::size_of(picture));
  }
  if (name == "hue") return by_policy(picture, name, {{"turn", number("turn")}});
  if (name == "posterize") return by_policy(picture, name, {{"bits", number("bits")}});
  if (name == "solarize") return by_policy(picture, name, {{"threshold", number("threshold")}});
  if (name == "blur") return by_policy(picture, name, {{"deviation", number("sigma")}});
  if (name == "jpeg") return by_policy(picture, name, {{"quality", number("quality")}});
  if (name == "resized_crop") return by_crop(picture, json["window"]);
  if (name == "rotation") return by_policy(picture, name, {{"degrees", number("degrees")}});
  if (name == "rotation_nearest") return warped_nearest(picture, number("degrees"));
  if (name == "shear") return by_policy(picture, name, {{"x", number("x")}, {"y", number("y")}});
  if (name == "translation")
    return by_policy(picture, name,
                     {{"x", number("x") / static_cast<double>(picture.width)},
                      {"y", number("y") / static_cast<double>(picture.height)}});
  if (name == "perspective") return by_perspective(picture, json["ends"]);
  if (name == "mixup") return mixed_with_upside_down(picture, number("share"));
  if (name == "operation") {
    apply_operation(changed, json["operation"].get<std::string>(), number("magnitude"));
    return changed;
  }
  if (json.contains("factor")) return by_policy(picture, name, {{"factor", number("factor")}});
  return by_policy(picture, name);
}

std::size_t pixels_that_differ(const Image& a, const Image& b, int tolerance) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.pixels.size(); i += 3) {
    bool differs = false;
    for (std::size_t c = i; c < i + 3; ++c)
      differs = differs || std::abs(int{a.pixels[c]} - int{b.pixels[c]}) > tolerance;
    count += differs ? 1 : 0;
  }
  return count;
}

TEST(Torchvision, DoesTheSameToThePicture) {
  const Json golden =
      parse_json(read_file(kGolden / "torchvision.json"), (kGolden / "torchvision.json").string());
  const Image strip = data::read_image((kGolden / "torchvision.png").string());
  const std::size_t height = golden["height"], bytes = height * strip.width * 3;
  const auto part = [&](std::size_t i) {
    const auto begin = strip.pixels.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    return Image{height, strip.width, {begin, begin + static_cast<std::ptrdiff_t>(bytes)}};
  };
  const Image picture = part(0);
  const Json& cases = golden["cases"];
  ASSERT_EQ(cases.size() * height, strip.height);
  ASSERT_GE(cases.size(), 100u);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::size_t differ =
        pixels_that_differ(by_case(picture, cases[i]), part(i), cases[i]["tolerance"]);
    const double allowed = cases[i]["odd_pixels"].get<double>();
    EXPECT_LE(static_cast<double>(differ), allowed * static_cast<double>(bytes) / 3) << cases[i];
  }
}

void expect_the_same(const std::vector<Operation>& ours, const Json& theirs, std::size_t bins) {
  EXPECT_EQ(ours.size(), theirs.size());
  for (const Operation& operation : ours) {
    ASSERT_TRUE(theirs.contains(operation.name)) << operation.name;
    const Json& magnitudes = theirs[std::string(operation.name)]["magnitudes"];
    EXPECT_EQ(operation.is_signed, theirs[std::string(operation.name)]["signed"].get<bool>());
    EXPECT_EQ(operation.has_scale, magnitudes.is_array()) << operation.name;
    if (!operation.has_scale) continue;
    for (std::size_t bin = 0; bin < bins; ++bin)
      EXPECT_NEAR(operation.magnitude(bin, bins), magnitudes.at(bin).get<double>(), 1e-4)
          << operation.name << " " << bin;
  }
}

TEST(Torchvision, HasTheSamePublishedPolicies) {
  const Json tables = parse_json(read_file(kGolden / "torchvision.json"), "golden")["tables"];
  const data::Size size{tables["height"], tables["width"]};
  expect_the_same(rand_augment_operations(size), tables["rand_augment"], kBins);
  expect_the_same(trivial_augment_operations(), tables["trivial_augment"], kBins);
  expect_the_same(auto_augment_operations(size), tables["auto_augment"], kAutoAugmentBins);
  const auto& subpolicies = auto_augment_subpolicies();
  ASSERT_EQ(subpolicies.size(), tables["subpolicies"].size());
  for (std::size_t i = 0; i < subpolicies.size(); ++i)
    for (std::size_t s = 0; s < 2; ++s) {
      const Json& theirs = tables["subpolicies"][i][s];
      EXPECT_EQ(subpolicies[i][s].operation, theirs[0].get<std::string>());
      EXPECT_EQ(subpolicies[i][s].probability, theirs[1].get<double>());
      if (theirs[2].is_null()) continue;  // no magnitude
      EXPECT_EQ(subpolicies[i][s].bin, theirs[2].get<std::size_t>());
    }
}

}  // namespace
}  // namespace frugal::augment
