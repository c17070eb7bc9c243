// What a frozen network makes of photographs, in evaluation mode, computed once and kept as
// vision/data/cache_file.h says: features, which a head reads, or all that a layer gives, from
// which the layers behind it are trained.
//
// Kinds "features" (rows of fp32 numbers: the means of all layers, so that a head on any of them
// finds its own at the end of the row) and "activations" (rows of height × width × channels bf16
// numbers), version 2, one row a photograph. The content is decided by the weights' bytes, the
// network, the layers, the view, the precision and the engine, and by the photographs' content
// hashes. Augmented views are drawn by the recipe's policy from the number of the view and the
// content hash of the photograph, whatever the seed.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/progress.h"
#include "vision/data/cache_file.h"
#include "vision/data/image.h"
#include "vision/train/compute.h"
#include "vision/train/train.h"

namespace frugal::train {

// Whether the recipe's strategy, or the start of its head, reads features.
bool needs_features(const Recipe& recipe, const Environment& environment);

// All of it outlives the call that it is given to.
struct FrozenSource {
  const Recipe& recipe;
  const Environment& environment;
  ProgressSink& progress;
  std::size_t layer = 0;  // all that this layer (1 to 3) gives; 0: features
  std::string weights = weights_identity(recipe, environment.weights_path);
};

// Thread-safe once opened.
class FrozenOutputs {
 public:
  // Of the centre of every photograph, by its index in the data set. Builds what is not there, as
  // of_augmented. Throws as CacheFile, PhotographCache and make_pretrained.
  static FrozenOutputs of_center(const FrozenSource& source, const data::Dataset& dataset,
                                 data::Size view, bool mirrored);
  // Of the training photographs, in the order of indices(). number: from 1 on.
  static FrozenOutputs of_augmented(const FrozenSource& source, const TrainingPhotographs& training,
                                    std::size_t number);

  std::size_t count() const { return count_; }
  std::span<const std::byte> row(std::size_t i) const;
  // Those of the recipe's last feature_layers layers.
  std::span<const float> features(std::size_t i) const;

 private:
  struct Request;
  static FrozenOutputs open_or_build(const Request& request);
  FrozenOutputs(data::CacheFile file, std::size_t count, std::size_t skipped_bytes);
  data::CacheFile file_;
  std::size_t count_, skipped_bytes_;  // at the beginning of each row
};

}  // namespace frugal::train
