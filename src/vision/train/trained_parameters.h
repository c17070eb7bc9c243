// What of a network learns, by the recipe's frozen layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "vision/model/network.h"
#include "vision/train/recipe.h"

namespace frugal::train {

// Of the layers behind the frozen ones, then of the head.
std::vector<at::Tensor> trained_parameters(const model::Network& network, const Recipe& recipe);

// Of the learning rate, one for each of them: layer 4 has the rate itself.
std::vector<double> rate_factors(const model::Network& network, const Recipe& recipe);

}  // namespace frugal::train
