// The training loop: steps, evaluations, the schedule, checkpoints, stopping. One for every
// learner.
#pragma once

#include "base/json.h"
#include "vision/train/batch_plan.h"
#include "vision/train/learner.h"
#include "vision/train/meter.h"

namespace frugal::train {

// Beside the checkpoint: where a run with a stable schedule stood before its rate began to fall,
// from where a longer one goes on.
std::string trunk_path(const std::string& checkpoint_path);

// identity: what a checkpoint must have been made with to be gone on from; "epochs" is none of it
// where a shorter run is the beginning of a longer one.
// meter: running since the call began. Throws as train() does; fills in everything of the summary
// but its cost.
TrainingSummary run_loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan,
                         const Json& identity, const TrainOptions& options, const Meter& meter);

}  // namespace frugal::train
