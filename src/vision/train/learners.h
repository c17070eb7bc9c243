// The two learners, one for each strategy.
#pragma once

#include <memory>

#include "base/progress.h"
#include "vision/train/batch_plan.h"
#include "vision/train/learner.h"

namespace frugal::train {

// What both are made from; all of it outlives them.
struct Assignment {
  const Recipe& recipe;
  const TrainingPhotographs& training;
  const HeldOutPhotographs& validation;
  const Environment& environment;
  const BatchPlan& plan;
  const std::function<void(const std::string&)>& on_message;
};

// The whole network, by automatic differentiation, on augmented views.
std::unique_ptr<Learner> make_fine_tuner(const Assignment& assignment, ProgressSink& progress);

// The head alone, on features computed once. Batch norm and all else stays as it was.
std::unique_ptr<Learner> make_head_learner(const Assignment& assignment, ProgressSink& progress);

}  // namespace frugal::train
