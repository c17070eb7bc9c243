// What the frozen layers of a recipe make of all that it trains and is judged on: its views of the
// training photographs, and the test view of the validation photographs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/train/frozen_outputs.h"
#include "vision/train/learners.h"
#include "vision/train/linear_head.h"

namespace frugal::train {

using FrozenRows = std::vector<std::span<const std::byte>>;  // one a photograph, by its position

struct FrozenViews {
  std::vector<FrozenOutputs> files;  // where the rows lie
  // The centre, with flip_test its mirror image, then the augmented views.
  std::vector<FrozenRows> training;
  FrozenRows validation;
  FrozenRows mirrored_validation;  // without flip_test there are none

  // Which view of a training photograph an epoch sees, so that epochs see them in turn.
  std::size_t view_of(std::size_t epoch, std::size_t position) const {
    return (epoch + position) % training.size();
  }
};

// Computes what is not there. layer: as FrozenSource's.
FrozenViews open_frozen_views(const Assignment& assignment, std::size_t layer,
                              ProgressSink& progress);

// Rows of features.
FeatureRows feature_rows(const FrozenRows& rows);
// All views, view after view.
FeatureRows feature_rows(const std::vector<FrozenRows>& views);

}  // namespace frugal::train
