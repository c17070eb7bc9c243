// The training loop: steps, evaluations, the schedule, checkpoints, stopping. One for every
// learner.
#pragma once

#include "base/json.h"
#include "vision/train/batch_plan.h"
#include "vision/train/learner.h"
#include "vision/train/meter.h"
#include "vision/train/trunk.h"

namespace frugal::train {

// identity: what a checkpoint must have been made with to be gone on from; "epochs" is none of it
// where a shorter run is the beginning of a longer one.
// meter: running since the call began. Throws as train() does; fills in everything of the summary
// but its cost.
TrainingSummary run_loop(Learner& learner, const Recipe& recipe, const BatchPlan& plan,
                         const Json& identity, const TrainOptions& options, const Meter& meter);

}  // namespace frugal::train
