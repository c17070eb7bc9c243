#include "vision/train/search_space.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vision/augment/policy.h"

namespace frugal::train {
namespace {

Json log_range(const char* name, double min, double max) {
  return {{"name", name},
          {"type", "double"},
          {"bounds", {{"min", min}, {"max", max}}},
          {"transformation", "log"}};
}

Json whole(const char* name, std::size_t min, std::size_t max) {
  return {{"name", name}, {"type", "int"}, {"bounds", {{"min", min}, {"max", max}}}};
}

Json of_head(Json parameter, Head head) {
  parameter["conditions"] = {{"head", Json::array({to_string(head)})}};
  return parameter;
}

Json features_space(const Recipe& recipe) {
  Json parameters = Json::array();
  // What is open in the policy is left alone: each value of it would need views of its own.
  Recipe closed = recipe;
  closed.augment = "none";
  for (const Json& parameter : tuned_parameters(closed))
    parameters.push_back(of_head(parameter, Head::kSgd));
  parameters.push_back(of_head(log_range("ridge_penalty", 1e-3, 10), Head::kRidge));
  parameters.push_back(of_head(log_range("lda_shrinkage", 3e-3, 1), Head::kLda));
  parameters.push_back(of_head(log_range("logistic_penalty", 1e-4, 1), Head::kLogistic));
  parameters.push_back(whole("feature_layers", 1, 4));
  parameters.push_back(whole("feature_views", 1, kMostFeatureViews));
  parameters.push_back({{"name", "flip_test"},
                        {"type", "categorical"},
                        {"categorical_values", Json::array({"true", "false"})}});
  Json heads = Json::array();
  for (const Head head : {Head::kSgd, Head::kRidge, Head::kLda, Head::kLogistic})
    heads.push_back(to_string(head));
  return {{"parameters", parameters},
          {"conditionals", Json::array({{{"name", "head"}, {"values", heads}}})}};
}

Json default_of(const Json& parameter, const Json& value) {
  if (parameter.at("type") == "categorical") return value.is_string() ? value : Json(value.dump());
  const Json& bounds = parameter.at("bounds");
  return std::clamp(value, bounds.at("min"), bounds.at("max"));
}

}  // namespace

Json search_space(const Recipe& recipe) {
  Json space = recipe.strategy == Strategy::kFeatures
                   ? features_space(recipe)
                   : Json{{"parameters", tuned_parameters(recipe)}};
  Json untuned = to_json(recipe);
  for (const auto& open : augment::open_parameters(augment::policy_named(recipe.augment)))
    untuned[open.name] = open.value;
  for (Json& parameter : space["parameters"]) {
    const auto value = untuned.find(parameter.at("name").get<std::string>());
    if (value != untuned.end()) parameter["default_value"] = default_of(parameter, *value);
  }
  return space;
}

}  // namespace frugal::train
