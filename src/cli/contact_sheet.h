// Photographs as they are judged, and below each what an augmentation policy makes of it.
#pragma once

#include <cstdint>
#include <vector>

#include "vision/augment/policy.h"
#include "vision/data/image.h"

namespace frugal::cli {

struct SheetOptions {
  std::uint64_t seed = 0;
  unsigned variants = 5;      // of each photograph
  unsigned resolution = 224;  // short side of what is shown, pixels
};

struct ShownPhotographs {
  std::vector<data::Image> originals;
  std::vector<std::vector<data::Image>> variants;  // [variant][photograph]

  // Of the first photographs only.
  data::Image sheet(std::size_t count) const;
};

// Views of the photographs' median aspect. images: one at least, of any size.
ShownPhotographs show(const augment::Policy& policy, const std::vector<data::Image>& images,
                      const SheetOptions& options);

}  // namespace frugal::cli
