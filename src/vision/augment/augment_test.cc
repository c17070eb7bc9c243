#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "vision/augment/geometry.h"
#include "vision/augment/policy.h"

namespace frugal::augment {
namespace {

using data::Image;
using data::Size;
using testing::HasSubstr;

Size size_of(const Image& image) {
  return {image.height, image.width};
}

// The picture of golden/make_golden.py, or its like in another size.
Image picture(std::size_t height, std::size_t width) {
  Image image{height, width, std::vector<std::uint8_t>(height * width * 3)};
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        image.pixels[(y * width + x) * 3 + c] =
            static_cast<std::uint8_t>((y * 37 + x * 59 + c * (y + x) * 41) % 256);
  std::fill_n(image.pixels.begin(), 3, std::uint8_t{0});
  if (width > 1) std::fill_n(image.pixels.begin() + 3, 3, std::uint8_t{255});
  return image;
}

Image applied(const Policy& policy, const Image& canvas, Size view, std::uint64_t seed = 0) {
  Image out{view.height, view.width, std::vector<std::uint8_t>(view.height * view.width * 3)};
  apply(policy, canvas.pixels, size_of(canvas), view, RandomStream(seed), out.pixels);
  return out;
}

Policy constant(const std::string& transform, const std::string& parameter, double value) {
  return {{{transform, 1, {{parameter, value}}}}};
}

int largest_difference(const Image& a, const Image& b) {
  EXPECT_EQ(size_of(a), size_of(b));
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  return largest;
}

TEST(Augment, AgreesWithTorchvision) {
  const Image original = picture(7, 9);
  const std::filesystem::path golden = std::filesystem::path(FRUGAL_GOLDEN) / "torchvision.json";
  std::size_t cases = 0;
  for (const Json& json : parse_json(read_file(golden), golden.string())) {
    const auto name = json["name"].get<std::string>();
    const Image expected{json["height"], json["width"], json["pixels"]};
    const double factor = json.value("factor", 0.0);
    Image got = original;
    if (name == "flip") got = applied({{{"horizontal_flip", 1, {}}}}, original, {7, 9});
    if (name == "brightness" || name == "contrast" || name == "saturation")
      got = applied(constant(name, "factor", factor), original, {7, 9});
    if (name == "hue") got = applied(constant(name, "turn", factor), original, {7, 9});
    if (name == "resized_crop") {
      crop(got, {json["top"], json["left"], json["crop_height"], json["crop_width"]});
      got = data::resize(got, size_of(expected));
    }
    EXPECT_LE(largest_difference(got, expected), 1) << name << " " << factor;
    ++cases;
  }
  EXPECT_EQ(cases, 25u);
}

TEST(Augment, FlippingTwiceChangesNothing) {
  for (const Size size : {Size{1, 1}, Size{3, 1}, Size{1, 4}, Size{7, 9}}) {
    const Image original = picture(size.height, size.width);
    const TransformUse flip{"horizontal_flip", 1, {}};
    EXPECT_EQ(applied({{flip, flip}}, original, size), original);
    const Image once = applied({{flip}}, original, size);
    for (std::size_t c = 0; c < 3; ++c)
      EXPECT_EQ(once.pixels[c], original.pixels[(size.width - 1) * 3 + c]);
  }
}

TEST(Augment, TheViewWithoutACropIsTheCentre) {
  const Image canvas = picture(8, 12);
  Image expected = canvas;
  crop(expected, {1, 2, 6, 8});
  EXPECT_EQ(applied(policy_named("none"), canvas, {6, 8}), expected);
  Image centered{6, 8, std::vector<std::uint8_t>(6 * 8 * 3)};
  center(canvas.pixels, {8, 12}, {6, 8}, centered.pixels);
  EXPECT_EQ(centered, expected);
}

TEST(Augment, TheSameStreamGivesTheSameView) {
  const Image canvas = picture(16, 20);
  const Policy policy{{{"random_resized_crop", 1, {}},
                       {"horizontal_flip", 0.5, {}},
                       {"hue", 0.8, {{"range", 0.5}}}}};
  int distinct = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(applied(policy, canvas, {14, 18}, seed), applied(policy, canvas, {14, 18}, seed));
    distinct += applied(policy, canvas, {14, 18}, seed) != applied(policy, canvas, {14, 18}, 99);
  }
  EXPECT_EQ(distinct, 20);
}

TEST(Augment, OneTransformsDrawsDoNotMoveAnothers) {
  const Image canvas = picture(16, 20);
  const TransformUse shift{"random_crop", 1, {}}, flip{"horizontal_flip", 0.5, {}};
  const TransformUse nothing{"random_crop", 0, {}};
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Image flipped = applied({{nothing, flip}}, canvas, {16, 20}, seed);
    const Image shifted = applied({{shift, flip}}, canvas, {8, 10}, seed);
    EXPECT_EQ(flipped == canvas, shifted == applied({{shift}}, canvas, {8, 10}, seed));
  }
}

TEST(Augment, EveryTransformAtEveryEndSurvivesEverySize) {
  for (const Transform& transform : transforms()) {
    for (std::size_t ends = 0; ends < std::size_t{1} << transform.parameters.size(); ++ends) {
      TransformUse use{transform.name, 1, {}};
      for (std::size_t i = 0; i < transform.parameters.size(); ++i)
        use.parameters[transform.parameters[i].name] =
            ends >> i & 1 ? transform.parameters[i].max : transform.parameters[i].min;
      for (const Size size : {Size{1, 1}, Size{1, 9}, Size{9, 1}, Size{8, 8}, Size{5, 40}})
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
          const Image view =
              applied({{use, use}}, picture(size.height + 1, size.width), size, seed);
          EXPECT_EQ(size_of(view), size) << transform.name;
        }
    }
  }
}

TEST(Augment, GreyPicturesStayGreyUnderHueAndSaturation) {
  Image grey{16, 16, std::vector<std::uint8_t>(16 * 16 * 3)};
  for (std::size_t i = 0; i < 256; ++i)
    std::fill_n(&grey.pixels[i * 3], 3, static_cast<std::uint8_t>(i));
  EXPECT_EQ(applied(constant("hue", "turn", 0.3), grey, {16, 16}), grey);
  EXPECT_LE(largest_difference(applied(constant("saturation", "factor", 7), grey, {16, 16}), grey),
            7);  // the grey of a grey pixel is truncated by up to one, times 7 − 1
}

TEST(Augment, ShiftsReachBothEndsAndNeverLeaveTheCanvas) {
  RandomStream random(1);
  std::size_t least = 99, most = 0;
  for (int i = 0; i < 300; ++i) {
    const Window window = draw_shift({16, 16}, {12, 16}, 1, random);
    EXPECT_EQ(window.left, 0u);
    least = std::min(least, window.top);
    most = std::max(most, window.top);
    EXPECT_EQ(draw_shift({16, 16}, {12, 12}, 0, random).top, 2u);
  }
  EXPECT_EQ(least, 0u);
  EXPECT_EQ(most, 4u);
}

TEST(Augment, ResizedCropsKeepToTheirAreaAndAspect) {
  RandomStream random(2);
  for (int i = 0; i < 500; ++i) {
    const Window w = draw_resized_crop({200, 300}, {100, 150}, {0.2, 0.8, 0.9, 1.1}, random);
    EXPECT_LE(w.top + w.height, 200u);
    EXPECT_LE(w.left + w.width, 300u);
    const double area = static_cast<double>(w.height * w.width) / (200 * 300);
    const double ratio = static_cast<double>(w.width) / static_cast<double>(w.height) / 1.5;
    EXPECT_GT(area, 0.19);
    EXPECT_LT(area, 0.81);
    EXPECT_GT(ratio, 0.88);
    EXPECT_LT(ratio, 1.12);
  }
}

TEST(Policy, SurvivesJson) {
  const Policy policy{{{"random_resized_crop", 0.25, {{"scale_min", 1.0 / 3}}},
                       {"hue", 1, {{"turn", -0.1}, {"range", 0.2}}}}};
  EXPECT_EQ(policy_from_json(parse_json(to_json(policy).dump(), "x"), "x"), policy);
  for (const char* name : {"none", "crop-flip"})
    EXPECT_EQ(policy_from_json(to_json(policy_named(name)), name), policy_named(name));
}

std::string message_of(const std::string& yaml) {
  try {
    policy_from_json(parse_yaml(yaml, "mine.yml"), "mine.yml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Policy, ErrorsNameTheKeyTheNearestKeyAndTheRange) {
  EXPECT_THAT(message_of("transform: []"), HasSubstr("did you mean \"transforms\""));
  EXPECT_THAT(message_of("{}"), HasSubstr("must be a list"));
  EXPECT_THAT(message_of("transforms: [3]"), HasSubstr("transform 1"));
  EXPECT_THAT(
      message_of("transforms: [{transform: horizontal_flop}]"),
      HasSubstr("mine.yml: transform 1: unknown transform \"horizontal_flop\"; did you mean "
                "\"horizontal_flip\""));
  EXPECT_THAT(message_of("transforms: [{transform: hue, turns: 0.1}]"),
              HasSubstr("did you mean \"turn\""));
  EXPECT_THAT(message_of("transforms: [{transform: hue, turn: 0.6}]"),
              HasSubstr("hue: turn: 0.6 is not from -0.5 to 0.5"));
  EXPECT_THAT(message_of("transforms: [{transform: hue, probability: many}]"),
              HasSubstr("probability: expected a number from 0 to 1"));
  EXPECT_THROW(policy_named("no-such-policy"), InputError);
}

TEST(Policy, IsReadFromAFile) {
  const std::string path = testing::TempDir() + "frugal_policy.yml";
  write_file(path, "transforms:\n  - {transform: brightness, factor: 1.5, probability: 0.5}\n");
  EXPECT_EQ(policy_named(path), (Policy{{{"brightness", 0.5, {{"factor", 1.5}}}}}));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace frugal::augment
