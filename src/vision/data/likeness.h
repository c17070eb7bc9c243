// Which photographs are copies of one another that were recompressed, resized, or made a little
// lighter or darker. Mirrored and turned copies are not found,
// nor tight crops.
//
// Two steps: the 64-bit difference hash of the picture (the signs of the differences between
// horizontal neighbours in a 9 × 8 grey thumbnail) proposes, and the correlation of larger colour
// thumbnails decides. The limits are conservative: two cars before the same studio's white wall
// must not count as one photograph.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/progress.h"
#include "vision/data/image.h"

namespace frugal::data {

constexpr std::size_t kThumbnailSide = 24;

struct Likeness {
  std::uint64_t difference_hash = 0;
  std::array<std::uint8_t, kThumbnailSide * kThumbnailSide * 3> thumbnail{};
  double aspect = 1;  // width / height of the full picture
};

// full: the size before the decoder reduced it.
Likeness likeness(const Image& image, Size full);

// Whether two photographs are near-copies.
bool alike(const Likeness& a, const Likeness& b);

// For each item the smallest index of its group: items that are alike, and whatever hangs together
// by them. n²/2 comparisons of hashes, shared out to threads.
std::vector<std::size_t> group_alike(std::span<const Likeness> items, unsigned threads,
                                     ProgressSink& progress);

}  // namespace frugal::data
