// Between feature files, linear heads and networks.
#pragma once

#include <vector>

#include "vision/model/network.h"
#include "vision/train/feature_file.h"
#include "vision/train/linear_head.h"

namespace frugal::train {

// Those photographs' features, where they lie in the file.
FeatureRows rows_of(const FeatureFile& features, const std::vector<std::size_t>& photographs);

// Copies linear into the network's head, which is of the same shape.
void set_head(model::Network& network, const Linear& linear);

}  // namespace frugal::train
