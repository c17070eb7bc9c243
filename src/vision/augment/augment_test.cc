#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "vision/augment/geometry.h"
#include "vision/augment/policy.h"
#include "vision/augment/testing.h"

namespace frugal::augment {
namespace {

using data::Image;
using data::Size;
using testing::applied;
using testing::picture;
using testing::size_of;

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

TEST(Augment, UntunedSearchSpacesAreCropAndFlip) {
  const Image canvas = picture(32, 40);
  for (const char* name : {"study", "study-spread", "wide"})
    for (std::uint64_t seed = 0; seed < 20; ++seed)
      EXPECT_EQ(applied(policy_named(name), canvas, {28, 35}, seed),
                applied(policy_named("crop-flip"), canvas, {28, 35}, seed))
          << name;
}

TEST(Augment, NoiseHasTheDeviationThatWasAsked) {
  Image grey{64, 64, std::vector<std::uint8_t>(64 * 64 * 3, 128)};
  const Image noisy = applied(constant("noise", "deviation", 0.1), grey, {64, 64});
  double sum = 0, squares = 0;
  for (const std::uint8_t value : noisy.pixels) {
    sum += value - 128;
    squares += (value - 128) * (value - 128);
  }
  const double n = 64 * 64 * 3;
  EXPECT_NEAR(sum / n, 0, 1);
  EXPECT_NEAR(std::sqrt(squares / n), 25.5, 0.7);
}

TEST(Augment, ErasingCoversTheShareThatWasAsked) {
  const Image black{40, 50, std::vector<std::uint8_t>(40 * 50 * 3, 0)};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Image erased =
        applied({{{"erasing", 1, {{"scale_min", 0.2}, {"scale_max", 0.3}, {"fill", 255}}}}}, black,
                {40, 50}, seed);
    const auto covered = std::count(erased.pixels.begin(), erased.pixels.end(), 255);
    const double share = static_cast<double>(covered) / (40 * 50 * 3);
    EXPECT_GT(share, 0.18);
    EXPECT_LT(share, 0.32);
  }
}

TEST(Augment, PublishedPoliciesReachAllOfTheirOperations) {
  // A ramp that no operation but the identity leaves as it is, at nearly every magnitude.
  Image ramp{32, 32, std::vector<std::uint8_t>(32 * 32 * 3)};
  for (std::size_t i = 0; i < ramp.pixels.size(); ++i)
    ramp.pixels[i] = static_cast<std::uint8_t>(30 + i % 96 * 2 + i / 96 % 7);
  for (const char* name : {"trivial_augment", "rand_augment", "auto_augment"}) {
    int unchanged = 0;
    std::vector<Image> distinct;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const Image image = applied({{{name, 1, {}}}}, ramp, {32, 32}, seed);
      unchanged += image == ramp ? 1 : 0;
      if (std::find(distinct.begin(), distinct.end(), image) == distinct.end())
        distinct.push_back(image);
    }
    EXPECT_LT(unchanged, 150) << name;
    EXPECT_GT(distinct.size(), 14u) << name;
  }
}

}  // namespace
}  // namespace frugal::augment
