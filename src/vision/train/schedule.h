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

// How long a run is. One that is bound by time may become longer or shorter on its way: it goes on
// from the share of the run that it had reached, so that its learning rate makes no jump.
struct RunLength {
  std::size_t steps = 1;
  std::size_t steps_per_epoch = 1;
  std::size_t revised_at = 0;  // the step at which its length was decided ...
  double share_then = 0;       // ... and the share of the run that was done then

  // 0 at the first step, 1 after the last. Of steps before revised_at about.
  double share_at(std::size_t step) const;
  // The same run, at that step, with another end. steps: more than step.
  RunLength revised(std::size_t step, std::size_t steps) const;
};

// step: 0 .. run.steps − 1. The one-cycle and the stable schedule rise along a line from a 25th of
// the rate.
double learning_rate(const Recipe& recipe, const Plateau& plateau, const RunLength& run,
                     std::size_t step);

// Of the stable schedule: until then a run does not know how long it is to be.
std::size_t steps_before_decay(const Recipe& recipe, std::size_t total_steps);

}  // namespace frugal::train
