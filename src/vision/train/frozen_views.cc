#include "vision/train/frozen_views.h"

#include <utility>

#include "vision/train/views.h"

namespace frugal::train {
namespace {

FrozenRows rows_of(const FrozenOutputs& outputs, const std::vector<std::size_t>& photographs) {
  FrozenRows rows;
  rows.reserve(photographs.size());
  for (const std::size_t i : photographs) rows.push_back(outputs.row(i));
  return rows;
}

void append(FeatureRows& features, const FrozenRows& rows) {
  for (const auto& row : rows) features.rows.push_back(reinterpret_cast<const float*>(row.data()));
  features.feature_count = rows.front().size() / sizeof(float);
}

}  // namespace

FrozenViews open_frozen_views(const Assignment& assignment, std::size_t layer,
                              ProgressSink& progress) {
  const Recipe& recipe = assignment.recipe;
  const TrainingPhotographs& training = assignment.training;
  const data::Size view{recipe.height, recipe.width}, shown = test_view(recipe);
  const FrozenSource source{recipe, assignment.environment, progress, layer};
  FrozenViews made;
  const auto center = [&](data::Size size, bool mirrored) -> const FrozenOutputs& {
    return made.files.emplace_back(
        FrozenOutputs::of_center(source, training.dataset(), size, mirrored));
  };
  for (const bool mirrored : {false, true}) {
    if (mirrored && !recipe.flip_test) continue;
    made.training.push_back(rows_of(center(view, mirrored), training.indices()));
    (mirrored ? made.mirrored_validation : made.validation) =
        rows_of(shown == view ? made.files.back() : center(shown, mirrored),
                assignment.validation.indices());
  }
  for (std::size_t number = 1; number < recipe.feature_views; ++number) {
    const FrozenOutputs& augmented =
        made.files.emplace_back(FrozenOutputs::of_augmented(source, training, number));
    FrozenRows& rows = made.training.emplace_back();
    for (std::size_t i = 0; i < augmented.count(); ++i) rows.push_back(augmented.row(i));
  }
  return made;
}

FeatureRows feature_rows(const FrozenRows& rows) {
  FeatureRows features;
  append(features, rows);
  return features;
}

FeatureRows feature_rows(const std::vector<FrozenRows>& views) {
  FeatureRows features;
  for (const FrozenRows& rows : views) append(features, rows);
  return features;
}

}  // namespace frugal::train
