// The heads that are trained in one go on fixed features, one row each.
#pragma once

#include <vector>

#include "vision/train/head_fit.h"
#include "vision/train/recipe.h"

namespace frugal::train {

struct HeadTrainer {
  Head head;
  // rows: so many views of every photograph, view after view. labels: of the photographs, two at
  // least, below class_count. Throws NumericalError when features are not finite.
  HeadFit (*fit)(const FeatureRows& rows, std::span<const std::size_t> labels,
                 std::size_t class_count, const HeadOptions& options);
  double Recipe::*regularization;  // the recipe's field for it
};

const std::vector<HeadTrainer>& head_trainers();
// nullptr for the head that SGD trains.
const HeadTrainer* head_trainer(Head head);

}  // namespace frugal::train
