#include "vision/augment/measures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "vision/augment/policy.h"
#include "vision/augment/preview.h"
#include "vision/augment/testing.h"

namespace frugal::augment {
namespace {

data::Image of_colour(std::size_t height, std::size_t width, int r, int g, int b) {
  data::Image image{height, width, {}};
  for (std::size_t i = 0; i < height * width; ++i)
    for (const int value : {r, g, b}) image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

TEST(Measures, OfOneColourAreItsOwn) {
  const Measures grey = measure(of_colour(8, 8, 90, 90, 90));
  for (const MeasureColumn& column : measure_columns())
    EXPECT_NEAR(grey.*column.value, 0, 1e-12) << column.name;
  // rg = 200, yb = 100 everywhere: 0.3 √(200² + 100²).
  const Measures red = measure(of_colour(8, 8, 200, 0, 0));
  EXPECT_NEAR(red.colourfulness, 0.3 * std::hypot(200, 100), 1e-9);
  EXPECT_EQ(red.saturation, 1);
  EXPECT_EQ(red.contrast, 0);
}

TEST(Measures, OfTwoHalvesFollowTheirFormulas) {
  // Red and green halves: rg = ±200 (deviation 200, mean 0), yb = 100.
  data::Image halves = of_colour(8, 8, 200, 0, 0);
  for (std::size_t y = 0; y < 8; ++y)
    for (std::size_t x = 4; x < 8; ++x) {
      halves.pixels[(y * 8 + x) * 3] = 0;
      halves.pixels[(y * 8 + x) * 3 + 1] = 200;
    }
  const Measures measures = measure(halves);
  EXPECT_NEAR(measures.colourfulness, 200 + 0.3 * 100, 1e-9);
  EXPECT_NEAR(measures.entropy, 1, 1e-9);
  EXPECT_NEAR(measures.contrast, 0.5 * 200 * (0.587 - 0.299) / 255, 1e-9);
}

TEST(Measures, EdgesBelongToWhereTheyStand) {
  // A vertical step from black to white between columns 9 and 10 of 20.
  data::Image step = of_colour(16, 20, 0, 0, 0);
  for (std::size_t y = 0; y < 16; ++y)
    std::fill_n(&step.pixels[(y * 20 + 10) * 3], 30, std::uint8_t{255});
  const Measures at_step = measure(step, Window{0, 9, 16, 2});
  EXPECT_NEAR(at_step.object_edges, 1, 1e-9);
  EXPECT_EQ(at_step.clutter_edges, 0);
  const Measures beside = measure(step, Window{0, 0, 16, 9});
  EXPECT_EQ(beside.object_edges, 0);
  EXPECT_NEAR(beside.clutter_edges, 2.0 / 10, 1e-9);        // two of the ten columns 9 .. 18
  EXPECT_NEAR(measure(step).object_edges, 2.0 / 10, 1e-9);  // the middle: columns 5 .. 14
}

TEST(Measures, AreNumbersForEveryPictureAndPolicy) {
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(1, 9), std::pair(2, 2)})
    for (const char* policy : {"none", "contrast:factor=100", "brightness:factor=0"}) {
      const auto size =
          data::Size{static_cast<std::size_t>(height), static_cast<std::size_t>(width)};
      const data::Image view =
          testing::applied(policy_named(policy), testing::picture(size.height, size.width), size);
      const Measures measures = measure(view);
      for (const MeasureColumn& column : measure_columns())
        EXPECT_TRUE(std::isfinite(measures.*column.value)) << policy << " " << column.name;
    }
}

TEST(Measures, ChangesAreMeansOverPhotographsWithTheirMargin) {
  const std::vector<Measures> before = {{.contrast = 0.1}, {.contrast = 0.2}};
  const std::vector<Measures> after = {{.contrast = 0.3},
                                       {.contrast = 0.2},  // first variants
                                       {.contrast = 0.5},
                                       {.contrast = 0.4}};  // second
  const auto changes = compare(before, after);
  const MeasureChange& contrast = changes[2];
  EXPECT_EQ(contrast.name, "contrast");
  EXPECT_NEAR(contrast.before, 0.15, 1e-12);
  EXPECT_NEAR(contrast.after, 0.35, 1e-12);
  EXPECT_NEAR(contrast.change, 0.2, 1e-12);
  // Changes of 0.3 and 0.1: standard error 0.1.
  EXPECT_NEAR(contrast.change_margin, 0.1959964, 1e-9);
  EXPECT_EQ(to_json(changes)["contrast"]["change"].get<double>(), contrast.change);
  EXPECT_EQ(compare({before.data(), 1}, {after.data(), 1})[2].change_margin, 0);
}

TEST(Preview, ShowsWhatTrainingShows) {
  const std::vector<data::Image> canvases = {testing::picture(16, 20), testing::picture(16, 20)};
  const Policy policy = policy_named("trivial");
  const auto views = training_views(policy, canvases, {14, 17}, 3, 2);
  data::Image expected{14, 17, std::vector<std::uint8_t>(14 * 17 * 3)};
  apply(policy, canvases[1].pixels, {16, 20}, {14, 17},
        RandomStream(3).derive("augment").derive(2).derive(1), expected.pixels);
  EXPECT_EQ(views[1], expected);
}

TEST(Preview, TheSheetHoldsEveryPictureOnce) {
  const data::Image black = of_colour(5, 6, 0, 0, 0);
  const data::Image sheet = contact_sheet({{black, black, black}, {black, black}, {black}});
  std::size_t count = 0;
  for (const std::uint8_t value : sheet.pixels) count += value == 0 ? 1 : 0;
  EXPECT_EQ(count, 6u * 5 * 6 * 3);
  EXPECT_EQ(contact_sheet({{black}}).height, 5u + 16);
}

}  // namespace
}  // namespace frugal::augment
