#include "vision/augment/mix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "vision/augment/testing.h"

namespace frugal::augment {
namespace {

Policy policy_of(const std::string& transform, double probability, double alpha) {
  return {{{"horizontal_flip", 0.5, {}}, {transform, probability, {{"alpha", alpha}}}}};
}

TEST(Mix, LeavesPicturesAloneWithoutAUseThatMixes) {
  EXPECT_FALSE(draw_mix(policy_named("crop-flip"), {8, 8}, 10, RandomStream(1)));
  EXPECT_FALSE(draw_mix(policy_of("mixup", 0, 1), {8, 8}, 10, RandomStream(1)));
}

TEST(Mix, IsDrawnByTheStreamAlone) {
  const Policy policy = policy_of("cutmix", 0.5, 1);
  std::set<std::size_t> partners;
  int mixed = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto a = draw_mix(policy, {20, 30}, 7, RandomStream(seed));
    const auto b = draw_mix(policy, {20, 30}, 7, RandomStream(seed));
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) continue;
    ++mixed;
    EXPECT_EQ(a->partner, b->partner);
    EXPECT_EQ(a->share, b->share);
    partners.insert(a->partner);
  }
  EXPECT_EQ(partners.size(), 7u);
  EXPECT_NEAR(mixed, 200, 50);  // five deviations
}

// E min(λ, 1 − λ) for Beta(1, 1) is 1/4; Beta(1/2, 1/2), the arcsine law: 1/2 − 1/π.
TEST(Mixup, SharesFollowTheBetaDistribution) {
  RandomStream random(3);
  for (const auto& [alpha, expected] : {std::pair(1.0, 0.25), std::pair(0.5, 0.5 - 1 / M_PI)}) {
    double sum = 0;
    for (int i = 0; i < 20000; ++i) {
      const double share = draw_mixup_share(alpha, random);
      ASSERT_GE(share, 0);
      ASSERT_LE(share, 0.5);
      sum += share;
    }
    EXPECT_NEAR(sum / 20000, expected, 0.005) << alpha;
  }
}

TEST(Mixup, SharesAreNumbersAtEveryEndOfTheRange) {
  RandomStream random(4);
  for (const double alpha : {0.01, 10.0})
    for (int i = 0; i < 5000; ++i) {
      const double share = draw_mixup_share(alpha, random);
      EXPECT_TRUE(share >= 0 && share <= 0.5) << alpha << " " << share;
    }
}

TEST(Cutmix, TheShareIsTheAreaThatThePartnerCovers) {
  const data::Size view{12, 17};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    data::Image own{view.height, view.width, std::vector<std::uint8_t>(12 * 17 * 3, 10)};
    const std::vector<std::uint8_t> partner(own.pixels.size(), 200);
    const auto drawn = draw_mix(policy_of("cutmix", 1, 1), view, 3, RandomStream(seed));
    ASSERT_TRUE(drawn);
    mix(own.pixels, partner, view, *drawn);
    const auto covered = std::count(own.pixels.begin(), own.pixels.end(), 200);
    EXPECT_NEAR(drawn->share, static_cast<double>(covered) / (12 * 17 * 3), 1e-12);
  }
}

TEST(Cutmix, SurvivesOnePixel) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto drawn = draw_mix(policy_of("cutmix", 1, 1), {1, 1}, 1, RandomStream(seed));
    ASSERT_TRUE(drawn);
    std::vector<std::uint8_t> own = {1, 2, 3};
    const std::vector<std::uint8_t> partner = {4, 5, 6};
    mix(own, partner, {1, 1}, *drawn);
    EXPECT_EQ(own == partner, drawn->share == 1);
  }
}

}  // namespace
}  // namespace frugal::augment
