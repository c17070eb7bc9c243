#include "vision/augment/color_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "vision/augment/color.h"

namespace frugal::augment {
namespace {

std::vector<std::uint8_t> random_pixels(std::size_t pixels, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<std::uint8_t> values(pixels * 3);
  for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random.bits());
  return values;
}

ValueTable random_table(std::uint64_t seed) {
  RandomStream random(seed);
  ValueTable table;
  for (std::uint8_t& value : table) value = static_cast<std::uint8_t>(random.bits());
  return table;
}

// Around the widths of the fast loops, and one photograph.
const std::vector<std::size_t> kCounts = {0, 1, 2, 21, 63, 64, 65, 127, 128, 192, 4099, 224 * 224};

TEST(ColorKernels, AreTheSameFastAndPlain) {
  for (const std::size_t count : kCounts) {
    const ValueTable table = random_table(count);
    const auto pixels = random_pixels(count, count + 1);
    EXPECT_EQ(fast::grey_sum(pixels, table), plain::grey_sum(pixels, table)) << count;
    auto fast_pixels = pixels, plain_pixels = pixels;
    fast::look_up(fast_pixels, table);
    plain::look_up(plain_pixels, table);
    EXPECT_EQ(fast_pixels, plain_pixels) << count;
    for (const float factor : {0.0f, 0.37f, 1.0f, 1.9f, 100.0f, 1e6f}) {
      fast_pixels = plain_pixels = pixels;
      fast::saturate(fast_pixels, table, factor, 1 - factor);
      plain::saturate(plain_pixels, table, factor, 1 - factor);
      EXPECT_EQ(fast_pixels, plain_pixels) << count << " " << factor;
    }
  }
}

TEST(ColorKernels, KnowTheGreyOfEveryColour) {
  // Against the definition in whole numbers: 2989 r + 5870 g + 1140 b in ten-thousandths, which
  // single precision may miss by one where it is a whole number.
  ValueTable same;
  for (std::size_t v = 0; v < same.size(); ++v) same[v] = static_cast<std::uint8_t>(v);
  std::size_t wrong = 0;
  std::vector<std::uint8_t> pixels(64 * 3);
  for (unsigned r = 0; r < 256; r += 5)
    for (unsigned g = 0; g < 256; ++g)
      for (unsigned b = 0; b < 256; b += 64) {
        std::uint64_t expected = 0;
        bool tie = false;
        for (unsigned i = 0; i < 64; ++i) {
          pixels[3 * i] = static_cast<std::uint8_t>(r);
          pixels[3 * i + 1] = static_cast<std::uint8_t>(g);
          pixels[3 * i + 2] = static_cast<std::uint8_t>(b + i);
          const unsigned exact = 2989 * r + 5870 * g + 1140 * (b + i);
          tie = tie || exact % 10000 == 0;
          expected += exact / 10000;
        }
        if (!tie) wrong += fast::grey_sum(pixels, same) == expected ? 0 : 1;
      }
  EXPECT_EQ(wrong, 0u);
}

TEST(Color, StepsTogetherAreTheStepsOneByOne) {
  RandomStream random(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<ColorStep> steps;
    for (std::size_t i = 0; i < 1 + random.below(5); ++i)
      steps.push_back({static_cast<ColorKind>(random.below(3)), std::exp(random.uniform(-3, 4))});
    auto together = random_pixels(200, static_cast<std::uint64_t>(round)), apart = together;
    adjust_color(together, steps);
    for (const ColorStep& step : steps) adjust_color(apart, {&step, 1});
    EXPECT_EQ(together, apart);
  }
}

TEST(Color, HueTurnedAroundComesBack) {
  // Two half turns: each rounds a channel, so that a value may end up to two away.
  const auto original = random_pixels(3000, 3);
  auto turned = original;
  adjust_hue(turned, 0.5);
  EXPECT_NE(turned, original);
  adjust_hue(turned, -0.5);
  for (std::size_t i = 0; i < original.size(); ++i) EXPECT_NEAR(turned[i], original[i], 2) << i;
}

}  // namespace
}  // namespace frugal::augment
