#include "cli/recipe_option.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::cli {
namespace {

constexpr std::size_t kViews = 4;                 // of each photograph
constexpr std::size_t kMostPhotographs = 20'000;  // of 0.5 MB each at 112 × 144 pixels

bool is_name(const std::string& name_or_file) {
  return name_or_file == "default" || name_or_file == "study";
}

}  // namespace

train::Recipe recipe_named(const std::string& name_or_file, train::Strategy strategy) {
  if (name_or_file == "study") return train::study_recipe(strategy);
  const train::Recipe recipe = train::default_recipe(strategy);
  if (name_or_file == "default") return recipe;
  const Json file = read_config(name_or_file);
  if (file.is_object() && file.contains("strategy") && file["strategy"] != to_string(strategy))
    throw InputError(fmt::format("{}: is a recipe for strategy {}, not {}", name_or_file,
                                 file["strategy"].dump(), to_string(strategy)));
  return train::recipe_from_json(file, recipe, name_or_file);
}

void freeze_first_layers(train::Recipe& recipe, std::size_t photographs) {
  if (recipe.strategy != train::Strategy::kFineTune || photographs > kMostPhotographs) return;
  if (recipe.augment != "crop-flip" && recipe.augment != "none") return;
  recipe.frozen = train::Frozen::kLayer1;
  recipe.feature_views = recipe.augment == "none" ? 1 : kViews;
}

train::Strategy strategy_of_recipe(const std::string& name_or_file) {
  if (is_name(name_or_file)) return train::Strategy::kFineTune;
  const Json file = read_config(name_or_file);
  if (!file.is_object() || !file.contains("strategy")) return train::Strategy::kFineTune;
  if (!file["strategy"].is_string())
    throw InputError(fmt::format("{}: strategy must be text", name_or_file));
  return train::strategy_named(file["strategy"]);
}

}  // namespace frugal::cli
