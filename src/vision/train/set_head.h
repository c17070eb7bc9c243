// From linear heads to networks.
#pragma once

#include "vision/model/network.h"
#include "vision/train/linear_head.h"

namespace frugal::train {

// Copies linear into the network's head, which is of the same shape.
void set_head(model::Network& network, const Linear& linear);

}  // namespace frugal::train
