#include "vision/train/search_space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vision/train/heads.h"

namespace frugal::train {
namespace {

bool is_active(const Json& parameter, const Json& assignments) {
  const Json conditions = parameter.value("conditions", Json::object());
  for (const auto& [name, values] : conditions.items())
    if (std::find(values.begin(), values.end(), assignments.at(name)) == values.end()) return false;
  return true;
}

class EveryStrategy : public testing::TestWithParam<Strategy> {};
INSTANTIATE_TEST_SUITE_P(Strategies, EveryStrategy,
                         testing::Values(Strategy::kFineTune, Strategy::kFeatures),
                         [](const auto& test) {
                           return test.param == Strategy::kFeatures ? "features" : "fine_tune";
                         });

TEST_P(EveryStrategy, HoldsTheUntunedRecipe) {
  const Json space = search_space(default_recipe(GetParam()));
  const Json recipe = to_json(default_recipe(GetParam()));
  for (const Json& conditional : space.value("conditionals", Json::array())) {
    const Json& values = conditional["values"];
    EXPECT_NE(
        std::find(values.begin(), values.end(), recipe.at(conditional["name"].get<std::string>())),
        values.end());
  }
  for (const Json& parameter : space["parameters"]) {
    if (!is_active(parameter, recipe) || parameter["type"] == "categorical") continue;
    const double value = recipe.at(parameter["name"].get<std::string>());
    EXPECT_EQ(parameter.at("default_value"), value) << "where the search begins";
    EXPECT_GE(value, parameter["bounds"]["min"].get<double>()) << parameter;
    EXPECT_LE(value, parameter["bounds"]["max"].get<double>()) << parameter;
  }
}

TEST(FeaturesSpace, EveryCornerIsARecipeOfThatHead) {
  const Json space = search_space(default_recipe(Strategy::kFeatures));
  const Json heads = space["conditionals"][0]["values"];
  EXPECT_EQ(heads.size(), head_trainers().size() + 1);  // and SGD
  for (const Json& head : heads)
    for (const char* end : {"min", "max"}) {
      Json assignments = {{"head", head}};
      for (const Json& parameter : space["parameters"])
        if (is_active(parameter, assignments))
          assignments[parameter["name"].get<std::string>()] =
              parameter["type"] == "categorical" ? parameter["categorical_values"][0]
                                                 : parameter["bounds"][end];
      const Recipe recipe = recipe_from_json(assignments, default_recipe(Strategy::kFeatures), end);
      EXPECT_EQ(to_string(recipe.head), head);
      EXPECT_TRUE(recipe.flip_test);
    }
}

}  // namespace
}  // namespace frugal::train
