#include "vision/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"

namespace frugal::train {
namespace {

constexpr double kFirstRate = 0.04;  // of the highest; torch.optim.lr_scheduler.OneCycleLR's 1/25

// From 1 to 0 as share goes from 0 to 1.
double half_cosine(double share) {
  return (1 + std::cos(std::numbers::pi * share)) / 2;
}

}  // namespace

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

double RunLength::share_at(std::size_t step) const {
  const double since = static_cast<double>(step) - static_cast<double>(revised_at);
  return share_then + (1 - share_then) * since / static_cast<double>(steps - revised_at);
}

RunLength RunLength::revised(std::size_t step, std::size_t other_steps) const {
  FRUGAL_CHECK(other_steps > step);
  return {other_steps, steps_per_epoch, step, share_at(step)};
}

std::size_t steps_before_decay(const Recipe& recipe, std::size_t total_steps) {
  return static_cast<std::size_t>(std::ceil(static_cast<double>(total_steps) * (1 - recipe.decay)));
}

double learning_rate(const Recipe& recipe, const Plateau& plateau, const RunLength& run,
                     std::size_t step) {
  const double done = run.share_at(step);
  switch (recipe.schedule) {
    case Schedule::kPlateau:
      return plateau.rate;
    case Schedule::kCosine:
      return recipe.learning_rate * half_cosine(done);
    case Schedule::kLinear:
      return recipe.learning_rate * (1 - done);
    case Schedule::kOneCycle:
      if (done < recipe.warmup)
        return recipe.learning_rate * (kFirstRate + (1 - kFirstRate) * done / recipe.warmup);
      return recipe.learning_rate * half_cosine((done - recipe.warmup) / (1 - recipe.warmup));
    case Schedule::kStable: {
      const double rising = recipe.warmup_epochs * static_cast<double>(run.steps_per_epoch);
      const double at = static_cast<double>(step);
      const double rise = at < rising ? kFirstRate + (1 - kFirstRate) * at / rising : 1;
      const double fall = done <= 1 - recipe.decay ? 1 : (1 - done) / recipe.decay;
      return recipe.learning_rate * std::min(rise, fall);
    }
  }
  return plateau.rate;
}

}  // namespace frugal::train
