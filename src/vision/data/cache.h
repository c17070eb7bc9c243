// Photographs decoded once into a memory-mapped file that all workers share. Each is resized to
// cover, and centre-cropped to, one canvas (a little larger than what the network sees, so that
// training can crop at random inside it).
// The file's name is the hash of the photographs' content hashes, of the canvas and of the
// format's version; it is built beside its place and renamed, so that a kill in the middle
// leaves nothing half-made. A lock makes several processes build it once; the others wait.
//
// Format (version 1): 4096 bytes of header (kMagic, then canvas height, canvas width, count as
// little-endian u64, then the 64 hexadecimal digits of the key), then count × height × width × 3
// bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/file.h"
#include "base/progress.h"
#include "vision/data/dataset.h"
#include "vision/data/image.h"

namespace frugal::data {

// Thread-safe once opened. Moving it does not move the pixels.
class PhotographCache {
 public:
  // Builds what is not there (threads decode side by side), and anew what is torn. folder is made
  // when missing. dataset: checked, with content hashes.
  // Throws SystemError (a full disk), InputError (a photograph that changed since it was checked).
  static PhotographCache open_or_build(const Dataset& dataset, Size canvas,
                                       const std::string& folder, unsigned threads,
                                       ProgressSink& progress);

  Size canvas() const { return canvas_; }
  std::size_t size() const { return count_; }
  // height × width × 3 bytes of photograph i (index into Dataset::photographs).
  std::span<const std::uint8_t> pixels(std::size_t i) const;

 private:
  PhotographCache(MappedFile file, Size canvas, std::size_t count);
  MappedFile file_;
  Size canvas_;
  std::size_t count_;
};

}  // namespace frugal::data
