#include "vision/train/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "vision/augment/policy.h"

namespace frugal::train {
namespace {

using testing::HasSubstr;

std::string message_of(const Json& json) {
  try {
    recipe_from_json(json, Recipe{}, "recipe.yml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Recipe, SurvivesJsonAndText) {
  Recipe recipe{.strategy = Strategy::kFeatures,
                .network = "resnet50",
                .height = 112,
                .width = 144,
                .epochs = 0.3,
                .learning_rate = 1.0 / 3,
                .momentum = 0.001,
                .nesterov = true,
                .weight_decay = 1.2e-5,
                .batch_exponent = 8,
                .schedule = Schedule::kCosine,
                .plateau_factor = 0.99,
                .plateau_patience = 0,
                .head_start = HeadStart::kZero,
                .feature_layers = 3,
                .feature_views = 5,
                .flip_test = true,
                .augment = "none",
                .precision = "fp32",
                .seed = 123456789012345};
  EXPECT_EQ(recipe_from_json(parse_json(to_json(recipe).dump(), "x"), Recipe{}, "x"), recipe);
  const Recipe behind{.frozen = Frozen::kLayer2, .feature_views = 3};
  EXPECT_EQ(recipe_from_json(to_json(behind), recipe, "x"), behind);
  for (const auto strategy : {Strategy::kFineTune, Strategy::kFeatures})
    EXPECT_EQ(recipe_from_json(to_json(default_recipe(strategy)), recipe, "x"),
              default_recipe(strategy));
}

TEST(Recipe, MissingKeysKeepTheBase) {
  Recipe base;
  base.momentum = 0.5;
  const Recipe recipe = recipe_from_json(Json{{"learning_rate", 0.25}}, base, "x");
  base.learning_rate = 0.25;
  EXPECT_EQ(recipe, base);
}

TEST(Recipe, ReadsTheWireFormOfAnOptimizer) {
  const Json assignments = {{"nesterov", "true"}, {"batch_exponent", 6.0}, {"plateau_patience", 3}};
  const Recipe recipe = recipe_from_json(assignments, Recipe{}, "x");
  EXPECT_TRUE(recipe.nesterov);
  EXPECT_EQ(recipe.batch(), 64u);
  EXPECT_EQ(recipe.plateau_patience, 3);
  EXPECT_FALSE(recipe_from_json(Json{{"nesterov", "false"}}, recipe, "x").nesterov);
}

TEST(Recipe, ErrorsNameTheKeyTheNearestKeyAndTheRange) {
  EXPECT_THAT(message_of({{"learning_rat", 1}}), HasSubstr("did you mean \"learning_rate\""));
  EXPECT_THAT(message_of({{"momentum", 1.5}}),
              HasSubstr("recipe.yml: momentum must be a number from 0 to 1"));
  EXPECT_THAT(message_of({{"momentum", "0.5"}}), HasSubstr("momentum"));
  EXPECT_THAT(message_of({{"batch_exponent", 4.5}}),
              HasSubstr("a whole number from 1 to 16, not 4.5"));
  EXPECT_THAT(message_of({{"height", -1}}), HasSubstr("height"));
  EXPECT_THAT(message_of({{"nesterov", "yes"}}), HasSubstr("true or false"));
  EXPECT_THAT(message_of({{"strategy", "tune"}}), HasSubstr("fine-tune, features"));
  EXPECT_THAT(message_of({{"schedule", "step"}}), HasSubstr("plateau, cosine, linear"));
  EXPECT_THAT(message_of({{"precision", "fp8"}}), HasSubstr("bf16"));
  EXPECT_THAT(message_of({{"nesterov", true}, {"momentum", 0}}), HasSubstr("nesterov"));
  EXPECT_THAT(message_of({{"feature_layers", 2}}), HasSubstr("strategy: features"));
  EXPECT_THAT(message_of({{"strategy", "features"}, {"frozen", "layer2"}}),
              HasSubstr("strategy: fine-tune"));
  EXPECT_THAT(message_of({{"frozen", "layer2"}, {"start_scale", 0.5}}), HasSubstr("start_scale"));
  EXPECT_THAT(message_of({{"frozen", "layer4"}}), HasSubstr("none, layer1, layer2, layer3"));
  EXPECT_THAT(message_of(Json::array()), HasSubstr("object"));
  EXPECT_THROW(strategy_named("both"), InputError);
}

TEST(Recipe, EveryCornerOfTheTunedSpaceIsARecipeAndItsCentreLiesInside) {
  for (const auto strategy : {Strategy::kFineTune, Strategy::kFeatures})
    for (const Recipe& recipe : {default_recipe(strategy), study_recipe(strategy)}) {
      const Json parameters = tuned_parameters(recipe), own = to_json(recipe);
      for (const char* end : {"min", "max"}) {
        Json assignments;
        for (const Json& parameter : parameters) {
          const auto name = parameter["name"].get<std::string>();
          const bool categorical = parameter["type"] == "categorical";
          assignments[name] =
              categorical ? parameter["categorical_values"][0] : parameter["bounds"][end];
          if (categorical) continue;
          EXPECT_GE(own.at(name), parameter["bounds"]["min"]) << name;
          EXPECT_LE(own.at(name), parameter["bounds"]["max"]) << name;
        }
        EXPECT_NO_THROW(recipe_from_json(assignments, recipe, end)) << assignments;
      }
    }
}

TEST(Recipe, TheStudysSpaceIsTheStudys) {
  const Json parameters = tuned_parameters(study_recipe(Strategy::kFineTune));
  ASSERT_EQ(parameters.size(), 7u);
  EXPECT_NEAR(parameters[0]["bounds"]["min"].get<double>(), 1e-4, 1e-6);
}

TEST(Recipe, TunesWhatIsOpenInItsPolicy) {
  Recipe recipe = study_recipe(Strategy::kFineTune);
  const std::size_t training = tuned_parameters(recipe).size();
  recipe.augment = "study";
  const Json parameters = tuned_parameters(recipe);
  ASSERT_EQ(training, 7u);
  ASSERT_EQ(parameters.size(), 11u);
  EXPECT_EQ(parameters[7]["name"], "brightness");
  EXPECT_EQ(parameters[8]["bounds"]["max"], 100);

  const Json assignments = {{"momentum", 0.5}, {"brightness", 3.5}, {"contrast", 20.0}};
  const Recipe tuned = recipe_from_json(assignments, recipe, "trial 7");
  EXPECT_EQ(tuned.momentum, 0.5);
  EXPECT_EQ(augment::policy_named(tuned.augment),
            augment::policy_named("random_crop,horizontal_flip:probability=0.5,"
                                  "brightness:factor=3.5,contrast:factor=20,saturation:factor=1,"
                                  "hue:turn=0"));
  EXPECT_EQ(tuned_parameters(tuned).size(), 7u);
  EXPECT_EQ(recipe_from_json(parse_json(to_json(tuned).dump(), "x"), Recipe{}, "x"), tuned);
}

TEST(Recipe, RefusesPolicyValuesOutsideTheirRange) {
  Recipe recipe;
  recipe.augment = "study";
  const auto message = [&](const Json& json) {
    try {
      recipe_from_json(json, recipe, "trial 7");
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message({{"contrast", 101}}),
              HasSubstr("trial 7: contrast: 101 is not from 0 to 100"));
  EXPECT_THAT(message({{"hue", "red"}}), HasSubstr("hue must be a number from -0.5 to 0.5"));
  EXPECT_THAT(message({{"brigthness", 1}}), HasSubstr("did you mean \"brightness\""));
  EXPECT_THAT(message({{"augment", 5}}), HasSubstr("augment must be a policy"));
}

}  // namespace
}  // namespace frugal::train
