// What the frozen network sees in every photograph, computed once and shared: the centre view in
// evaluation mode, through everything but the head.
//
// The file is named by the hash of what decides its content: the weights' bytes, the network, the
// view, the precision and the engine, the photographs' content hashes, and the format's version. It
// is built beside its place and renamed. Two processes that build it at once do the work twice, no
// more.
//
// Format (version 1): 4096 bytes of header ("frugal features 1\n", then count and feature_count as
// little-endian u64, then the 64 hexadecimal digits of the key), then count × feature_count fp32
// values, little-endian.
#pragma once

#include <cstddef>
#include <span>

#include "base/file.h"
#include "base/progress.h"
#include "vision/data/dataset.h"
#include "vision/train/train.h"

namespace frugal::train {

// Thread-safe once opened.
class FeatureFile {
 public:
  // Whether the recipe's strategy, or the start of its head, reads features.
  static bool needed(const Recipe& recipe, const Environment& environment);

  // Builds what is not there. Throws as PhotographCache::open_or_build, and as make_pretrained.
  static FeatureFile open_or_build(const Recipe& recipe, const data::Dataset& dataset,
                                   const Environment& environment, ProgressSink& progress);

  std::size_t count() const { return count_; }
  std::size_t feature_count() const { return feature_count_; }
  // Of photograph i (index into Dataset::photographs).
  std::span<const float> row(std::size_t i) const;

 private:
  FeatureFile(MappedFile file, std::size_t count, std::size_t feature_count);
  MappedFile file_;
  std::size_t count_, feature_count_;
};

}  // namespace frugal::train
