// How foreign a policy's views are to a model that was trained without them ("affinity",
// Gontijo-Lopes et al. 2021): its accuracy on augmented views of photographs that judge.
#pragma once

#include <cstddef>

#include "vision/augment/policy.h"
#include "vision/explain/subject.h"

namespace frugal::explain {

// Photograph i as the policy shows it in `epoch`, drawn as in training with seed 0. A policy that
// mixes photographs does so in training batches alone: its other transforms act here.
train::Evaluation judge_augmented(Subject& subject, const Gallery& gallery,
                                  const augment::Policy& policy, std::size_t epoch,
                                  ProgressSink& progress);
train::Evaluation judge_unaltered(Subject& subject, const Gallery& gallery, ProgressSink& progress);

}  // namespace frugal::explain
