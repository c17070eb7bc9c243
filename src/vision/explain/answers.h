// What a model says of each photograph, and which of its mistakes are worth looking at.
#pragma once

#include <cstddef>
#include <vector>

#include "vision/explain/subject.h"

namespace frugal::explain {

struct ModelAnswer {
  std::size_t label = 0, prediction = 0;
  double confidence = 0;  // the prediction's probability
  bool is_right() const { return label == prediction; }
};

// One for each photograph of the gallery, as it is.
std::vector<ModelAnswer> answers_of(Subject& subject, const Gallery& gallery,
                                    ProgressSink& progress);

// Photographs that were mistaken with the greatest confidence, at most so many.
std::vector<std::size_t> worst_mistakes(const std::vector<ModelAnswer>& answers, std::size_t count);

struct ConfusedPair {
  std::size_t label = 0, prediction = 0;
  std::vector<std::size_t> photographs;  // of that label, taken for that prediction
};
// Those that were confused twice at least, the most frequent first, at most so many.
std::vector<ConfusedPair> confused_pairs(const std::vector<ModelAnswer>& answers,
                                         std::size_t count);

// The photograph of that class that is recognized most surely; nullopt when none is.
std::optional<std::size_t> typical_of(const std::vector<ModelAnswer>& answers, std::size_t label);

}  // namespace frugal::explain
