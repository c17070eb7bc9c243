#include "vision/explain/alterations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "vision/data/testing.h"

namespace frugal::explain {
namespace {

using data::Image;
using data::testing::make_photograph;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Image altered(const std::string& name, const Image& picture, std::uint64_t seed = 1) {
  RandomStream random(seed);
  return alteration_named(name).apply(picture, make_photograph(99), random);
}

std::size_t changed_pixels(const Image& a, const Image& b) {
  std::size_t changed = 0;
  for (std::size_t i = 0; i < a.pixels.size(); i += 3)
    changed += !std::equal(&a.pixels[i], &a.pixels[i] + 3, &b.pixels[i]);
  return changed;
}

TEST(Alterations, EachChangesThePictureAndIsAFunctionOfItsArguments) {
  const Image picture = make_photograph(7);
  for (const Alteration& alteration : alterations()) {
    const Image once = altered(alteration.name, picture);
    EXPECT_NE(once, picture) << alteration.name;
    EXPECT_EQ(once, altered(alteration.name, picture)) << alteration.name;
    EXPECT_EQ(once.pixels.size(), picture.pixels.size()) << alteration.name;
  }
}

TEST(Alterations, GreyHasNoColourAndKeepsEdges) {
  const Image picture = make_photograph(7), grey = altered("grey", picture);
  for (std::size_t i = 0; i < grey.pixels.size(); i += 3)
    EXPECT_TRUE(grey.pixels[i] == grey.pixels[i + 1] && grey.pixels[i] == grey.pixels[i + 2]);
  EXPECT_EQ(altered("edges", picture), altered("edges", grey));
}

TEST(Alterations, EdgesKnowNothingOfFlatPictures) {
  const Image flat{20, 30, std::vector<std::uint8_t>(20 * 30 * 3, 90)};
  const Image edges = altered("edges", flat);
  EXPECT_TRUE(std::ranges::all_of(edges.pixels, [](auto value) { return value == 255; }));
  Image step = flat;
  for (std::size_t y = 0; y < 20; ++y)
    std::fill_n(&step.pixels[(y * 30 + 15) * 3], 15 * 3, std::uint8_t{200});
  const Image drawn = altered("edges", step);
  for (std::size_t y = 0; y < 20; ++y)
    for (std::size_t x = 0; x < 30; ++x)
      EXPECT_EQ(drawn.pixels[(y * 30 + x) * 3], x == 14 || x == 15 ? 0 : 255) << x;
}

TEST(Alterations, ShuffledColoursAreTheSameNumbers) {
  const Image picture = make_photograph(7);
  Image shuffled = altered("colour-shuffled", picture), sorted = picture;
  for (Image* image : {&shuffled, &sorted})
    for (std::size_t i = 0; i < image->pixels.size(); i += 3)
      std::sort(&image->pixels[i], &image->pixels[i] + 3);
  EXPECT_EQ(shuffled, sorted);
}

TEST(Alterations, ARectangleCoversAQuarterAndClutterLeavesTheMiddle) {
  const Image picture = make_photograph(7);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Image occluded = altered("occluded", picture, seed);
    EXPECT_NEAR(static_cast<double>(changed_pixels(occluded, picture)), 48 * 64 / 4, 12);
    const Image cluttered = altered("cluttered", picture, seed);
    EXPECT_GT(changed_pixels(cluttered, picture), 81u);
    // The innermost pixels: no patch of 9 × 9 whose centre is outside the middle half reaches them.
    for (std::size_t y = 19; y < 29; ++y)
      EXPECT_TRUE(std::equal(&picture.pixels[(y * 64 + 24) * 3], &picture.pixels[(y * 64 + 40) * 3],
                             &cluttered.pixels[(y * 64 + 24) * 3]));
  }
}

TEST(Alterations, AnUnknownNameListsTheKnown) {
  EXPECT_THAT([] { alteration_named("gray"); },
              ThrowsMessage<InputError>(HasSubstr("grey, edges, colour-shuffled")));
}

}  // namespace
}  // namespace frugal::explain
