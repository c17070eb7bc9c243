// How a model does on altered copies of the photographs that judge it: the same photographs, so
// that every comparison is paired.
#pragma once

#include <string>
#include <vector>

#include "vision/explain/alterations.h"
#include "vision/explain/subject.h"

namespace frugal::explain {

struct AlteredJudgement {
  std::string name, meaning;  // of the alteration
  train::Evaluation evaluation;
};

// Photograph i altered: a pure function of its content, of its neighbour's (the photograph half the
// gallery away stands in its way) and of the alteration.
data::Image altered(const Gallery& gallery, std::size_t i, const Alteration& alteration);

// On the photographs as they are ("unaltered", the first), and on each kind of copy.
std::vector<AlteredJudgement> judge_altered(Subject& subject, const Gallery& gallery,
                                            ProgressSink& progress);

}  // namespace frugal::explain
