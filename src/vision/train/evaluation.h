// From logits to what is reported.
#pragma once

#include <cstdint>
#include <span>
#include <string>
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

// For each of a data set's classes the model's class of that name. Throws InputError that names
// those that the model does not know.
std::vector<std::size_t> match_classes(const std::vector<std::string>& model_classes,
                                       const std::vector<std::string>& classes);

}  // namespace frugal::train
