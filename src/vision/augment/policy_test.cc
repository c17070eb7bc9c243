#include "vision/augment/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace frugal::augment {
namespace {

using ::testing::HasSubstr;

TEST(Policy, SurvivesJson) {
  const Policy policy{{{"random_resized_crop", 0.25, {{"scale_min", 1.0 / 3}}},
                       {"hue", 1, {{"turn", -0.1}, {"range", 0.2}}}}};
  EXPECT_EQ(policy_from_json(parse_json(to_json(policy).dump(), "x"), "x"), policy);
  for (const auto& [name, meaning, named] : named_policies())
    EXPECT_EQ(policy_from_json(to_json(named), name), named) << name;
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
  const std::string path = ::testing::TempDir() + "frugal_policy.yml";
  write_file(path, "transforms:\n  - {transform: brightness, factor: 1.5, probability: 0.5}\n");
  EXPECT_EQ(policy_named(path), (Policy{{{"brightness", 0.5, {{"factor", 1.5}}}}}));
  std::filesystem::remove(path);
}

TEST(Policy, OfAnotherVersionIsRefused) {
  EXPECT_THAT(message_of("{version: 2, transforms: []}"),
              HasSubstr("mine.yml: a policy of version 2; this program knows version 1"));
  EXPECT_EQ(message_of("{version: 1, transforms: []}"), "");
}

TEST(Policy, WordsOfTheCommandLineAreThePolicy) {
  const Policy expected = policy_from_json(
      parse_yaml("transforms:\n"
                 "  - transform: random_crop\n"
                 "  - {transform: blur, probability: 0.3, deviation: {min: 0.5, max: 2}}\n",
                 "x"),
      "x");
  EXPECT_EQ(policy_named("random_crop, blur:probability=0.3:deviation=0.5..2"), expected);
  EXPECT_EQ(policy_named(to_json(expected).dump()), expected);
  const auto refused = [](const std::string& text) {
    try {
      policy_named(text);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refused("blurr:deviation=1"), HasSubstr("did you mean \"blur\""));
  EXPECT_THAT(refused("blur:1"), HasSubstr("must be PARAMETER=VALUE"));
  EXPECT_THAT(refused("blur:deviation=2..1"), HasSubstr("min 2 must be less than max 1"));
  EXPECT_THAT(refused("contrast:factor=101"), HasSubstr("101 is not from 0 to 100"));
  EXPECT_THAT(refused("posterize:bits=2.5"), HasSubstr("2.5 is not a whole number"));
  EXPECT_THAT(refused("hue:turn=.nan"), HasSubstr("hue: turn"));
}

TEST(Policy, OpenParametersTakeTheirDefaultTheirValueOrTheMiddle) {
  const Policy policy = policy_named(
      "brightness:factor=0..10,brightness:factor=2..4,horizontal_flip:probability=0..0.5,"
      "posterize:bits=1..3");
  const auto open = open_parameters(policy);
  ASSERT_EQ(open.size(), 4u);
  EXPECT_EQ(open[0].name, "brightness");
  EXPECT_EQ(open[0].value, 1);
  EXPECT_EQ(open[1].name, "brightness_2");
  EXPECT_EQ(open[1].value, 3);
  EXPECT_EQ(open[2].name, "horizontal_flip_probability");
  EXPECT_EQ(open[2].value, 0.25);
  EXPECT_EQ(open[3].name, "posterize");
  EXPECT_TRUE(open[3].whole);
}

TEST(Policy, ValuesCloseIt) {
  const Policy policy = policy_named("study");
  const Policy tuned = with_values(policy, {{"brightness", 2.5}, {"hue", -0.125}}, "trial 1");
  EXPECT_TRUE(open_parameters(tuned).empty());
  EXPECT_EQ(tuned, policy_named("random_crop,horizontal_flip:probability=0.5,brightness:factor=2.5,"
                                "contrast:factor=1,saturation:factor=1,hue:turn=-0.125"));
  EXPECT_THROW(with_values(policy, {{"hue", 0.51}}, "trial 1"), InputError);
  EXPECT_THROW(with_values(policy, {{"blur", 1}}, "trial 1"), InputError);
}

TEST(Policy, TheStudysSpaceHasItsFourRanges) {
  EXPECT_EQ(search_parameters(policy_named("study")).dump(),
            R"([{"bounds":{"max":10.0,"min":0.0},"name":"brightness","type":"double"},)"
            R"({"bounds":{"max":100.0,"min":0.0},"name":"contrast","type":"double"},)"
            R"({"bounds":{"max":100.0,"min":0.0},"name":"saturation","type":"double"},)"
            R"({"bounds":{"max":0.5,"min":-0.5},"name":"hue","type":"double"}])");
}

}  // namespace
}  // namespace frugal::augment
