// The training loop: steps, evaluations, the schedule, checkpoints, stopping. One for every
// learner.
#pragma once

#include "base/json.h"
#include "vision/train/batch_plan.h"
#include "vision/train/learner.h"

namespace frugal::train {

// identity: what a checkpoint must have been made with to be gone on from; recipe.epochs is none
// of it where a shorter run is the beginning of a longer one.
// Throws as train() does; fills in everything of the summary.
TrainingSummary run_loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan,
                         const Json& identity, const TrainOptions& options);

}  // namespace frugal::train
