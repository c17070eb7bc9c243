// From logits to what is reported.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vision/train/train.h"

namespace frugal::train {

// logits: (n, classes), row by row; labels: (n). Ties go to the first class. An infinite or
// undefined loss is left to the caller to judge.
Evaluation judge(std::span<const float> logits, std::span<const std::size_t> labels,
                 std::size_t classes);

// The classes of photographs by position.
std::vector<std::size_t> labels_of(const data::Dataset& dataset,
                                   const std::vector<std::size_t>& indices);

}  // namespace frugal::train
