// Parts of the training photographs, to see how a model does with fewer.
#pragma once

#include <cstdint>

#include "vision/data/dataset.h"
#include "vision/data/split.h"

namespace frugal::explain {

// The same split with that share (0 to 1] of each class in train, one photograph at least. With the
// same seed a smaller share lies inside a larger one.
data::Split with_share_of_training(const data::Split& split, const data::Dataset& dataset,
                                   double share, std::uint64_t seed);

}  // namespace frugal::explain
