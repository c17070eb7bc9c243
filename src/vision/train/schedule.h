// The learning rate at every step: a pure function of the recipe, of how far the run is, and (for
// the plateau) of the validation losses at the ends of the epochs so far.
#pragma once

#include <cstddef>
#include <limits>

#include "base/json.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// torch.optim.lr_scheduler.ReduceLROnPlateau with mode "min" and its defaults: a loss is better
// when it is below 0.9999 × the best; after more than patience epochs without a better one the
// rate is multiplied by the factor, unless that changes it by no more than 1e-8.
struct Plateau {
  double rate = 0;
  double best_loss = std::numeric_limits<double>::infinity();
  int bad_epochs = 0;

  void tick(double validation_loss, double factor, int patience);
  bool operator==(const Plateau&) const = default;
};

Json to_json(const Plateau& plateau);
Plateau plateau_from_json(const Json& json);  // of a checkpoint: throws what the JSON throws

// step: 0 .. total_steps − 1.
double learning_rate(const Recipe& recipe, const Plateau& plateau, std::size_t step,
                     std::size_t total_steps);

}  // namespace frugal::train
