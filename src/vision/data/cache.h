// Photographs decoded once into a memory-mapped file that all workers share. Each is resized to
// cover, and centre-cropped to, one canvas (a little larger than what the network sees, so that
// training can crop at random inside it).
// Kept as vision/data/cache_file.h says; version 2. The payload is count × height × width × 3
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/progress.h"
#include "vision/data/cache_file.h"
#include "vision/data/dataset.h"
#include "vision/data/image.h"

namespace frugal::data {

// Thread-safe once opened. Moving it does not move the pixels.
class PhotographCache {
 public:
  // Builds what is not there; threads decode side by side. dataset: checked, with content hashes.
  // Throws as CacheFile, and InputError (a photograph that changed since it was checked).
  static PhotographCache open_or_build(const Dataset& dataset, Size canvas,
                                       const CacheFolder& folder, unsigned threads,
                                       ProgressSink& progress);

  // Reads those files again that were touched after the cache was built. Throws InputError for one
  // that changed; one that is gone is no harm.
  void require_unchanged(const Dataset& dataset) const;

  Size canvas() const { return canvas_; }
  std::size_t size() const { return count_; }
  // height × width × 3 bytes of photograph i (index into Dataset::photographs).
  std::span<const std::uint8_t> pixels(std::size_t i) const;

 private:
  PhotographCache(CacheFile file, Size canvas, std::size_t count);
  CacheFile file_;
  Size canvas_;
  std::size_t count_;
};

}  // namespace frugal::data
