#include "vision/train/views.h"

#include <gtest/gtest.h>

namespace frugal::train {
namespace {

TEST(TrainingView, GrowsInMultiplesOfSixteenAndStays) {
  const Recipe recipe{.height = 112, .width = 144, .start_scale = 0.5};
  const auto at = [&](double done) { return training_view(recipe, done); };
  EXPECT_EQ(at(0).height, 64u);  // 56 rounded to a multiple
  EXPECT_EQ(at(0).width, 80u);
  std::size_t previous = 0;
  for (int i = 0; i <= 100; ++i) {
    const data::Size size = at(i / 100.0);
    EXPECT_EQ(size.height % 16, 0u);
    EXPECT_EQ(size.width % 16, 0u);
    EXPECT_GE(size.height, previous);
    previous = size.height;
  }
  for (const double done : {0.75, 0.9, 1.0}) {
    EXPECT_EQ(at(done).height, 112u);
    EXPECT_EQ(at(done).width, 144u);
  }
}

TEST(TrainingView, IsTheViewItselfOfAnySizeWhenItDoesNotGrow) {
  const Recipe recipe{.height = 37, .width = 51};
  EXPECT_EQ(training_view(recipe, 0).height, 37u);
  EXPECT_EQ(training_view(recipe, 0.5).width, 51u);
}

TEST(TestView, IsTheCanvasWhenThePhotographIsShownWhole) {
  Recipe recipe{.height = 112, .width = 144};
  EXPECT_EQ(test_view(recipe).height, 112u);
  recipe.test_view = TestView::kWhole;
  EXPECT_EQ(test_view(recipe).height, 128u);
  EXPECT_EQ(test_view(recipe).width, 165u);
}

TEST(MeanSeconds, FollowsThePixels) {
  Recipe recipe{.height = 320, .width = 320};
  EXPECT_EQ(mean_seconds(recipe, 1, 4), 4);
  recipe.start_scale = 0.5;
  // By pixels, as a continuous growth would have it: 4 × (3/4 × (1 + 1/2 + 1/4) / 3 + 1/4).
  EXPECT_NEAR(mean_seconds(recipe, 1, 4), 2.75, 0.05);
}

}  // namespace
}  // namespace frugal::train
