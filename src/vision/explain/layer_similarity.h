// How much fine-tuning changed each layer: linear CKA (linear_cka.h) of the means over positions
// that the layers give of the same photographs, before and after.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vision/explain/linear_cka.h"
#include "vision/explain/subject.h"

namespace frugal::explain {

struct LayerSimilarity {
  std::size_t layer = 0;  // 1 to 4
  Alignment before;       // after training against before
  Alignment fresh;        // against a network that has learnt nothing: what unrelated comes out as
};

inline constexpr std::size_t kLeastForSimilarity = 40;   // photographs
inline constexpr std::size_t kMostForSimilarity = 1000;  // more are drawn from evenly

// weights: what the training began from. Throws InputError when the gallery is too small.
std::vector<LayerSimilarity> layer_similarities(const Subject& subject,
                                                const std::string& model_folder,
                                                const std::string& weights, const Gallery& gallery,
                                                ProgressSink& progress);

}  // namespace frugal::explain
