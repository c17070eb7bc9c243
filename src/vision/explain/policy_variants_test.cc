#include "vision/explain/policy_variants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frugal::explain {
namespace {

using ::testing::ElementsAre;
using Kind = PolicyVariant::Kind;

std::vector<std::string> names_of(const std::vector<PolicyVariant>& variants) {
  std::vector<std::string> names;
  for (const PolicyVariant& variant : variants) {
    const char* kind = variant.kind == Kind::kWhole     ? "whole"
                       : variant.kind == Kind::kNone    ? "none"
                       : variant.kind == Kind::kWithout ? "without "
                                                        : "alone ";
    names.push_back(kind + variant.name);
  }
  return names;
}

TEST(PolicyVariants, LeaveOneOutAndAddOne) {
  const auto policy =
      augment::policy_named("random_crop,horizontal_flip,hue:range=0.1,hue:range=0.2");
  const auto variants = variants_of(policy);
  EXPECT_THAT(names_of(variants),
              ElementsAre("whole", "none", "without random_crop", "without horizontal_flip",
                          "without hue", "without hue 2", "alone random_crop",
                          "alone horizontal_flip", "alone hue", "alone hue 2"));
  EXPECT_EQ(variants[0].policy, policy);
  EXPECT_TRUE(variants[1].policy.uses.empty());
  EXPECT_EQ(variants[4].policy.uses.size(), 3u);
  EXPECT_EQ(variants[4].policy.uses[2], policy.uses[3]);
  EXPECT_EQ(variants[9].policy.uses, std::vector{policy.uses[3]});
}

TEST(PolicyVariants, NothingStandsTwice) {
  EXPECT_THAT(names_of(variants_of(augment::policy_named("horizontal_flip"))),
              ElementsAre("whole", "none"));
  EXPECT_THAT(names_of(variants_of(augment::policy_named("crop-flip"))),
              ElementsAre("whole", "none", "without random_crop", "without horizontal_flip"));
}

}  // namespace
}  // namespace frugal::explain
