#include "vision/train/schedule.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

namespace frugal::train {

void Plateau::tick(double validation_loss, double factor, int patience) {
  constexpr double kThreshold = 1e-4;
  constexpr double kLeastChange = 1e-8;
  if (validation_loss < best_loss * (1 - kThreshold)) {
    best_loss = validation_loss;
    bad_epochs = 0;
    return;
  }
  if (++bad_epochs <= patience) return;
  bad_epochs = 0;
  if (rate - rate * factor > kLeastChange) rate *= factor;
}

Json to_json(const Plateau& plateau) {
  Json json = {{"rate", plateau.rate}, {"bad_epochs", plateau.bad_epochs}};
  if (std::isfinite(plateau.best_loss)) json["best_loss"] = plateau.best_loss;
  return json;
}

Plateau plateau_from_json(const Json& json) {
  Plateau plateau{.rate = json.at("rate"), .bad_epochs = json.at("bad_epochs")};
  if (json.contains("best_loss")) plateau.best_loss = json["best_loss"];
  return plateau;
}

double learning_rate(const Recipe& recipe, const Plateau& plateau, std::size_t step,
                     std::size_t total_steps) {
  const double done = static_cast<double>(step) / static_cast<double>(total_steps);
  switch (recipe.schedule) {
    case Schedule::kPlateau:
      return plateau.rate;
    case Schedule::kCosine:
      return recipe.learning_rate * (1 + std::cos(std::numbers::pi * done)) / 2;
    case Schedule::kLinear:
      return recipe.learning_rate * (1 - done);
  }
  return plateau.rate;
}

}  // namespace frugal::train
