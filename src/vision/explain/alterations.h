// Copies of photographs that take one thing away, or put one in the way: what a model loses on them
// is what it relied on. One table; each copy is a pure function of the photograph and of the random
// stream. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::explain {

struct Alteration {
  std::string name;     // "grey"
  std::string meaning;  // what was done, with its numbers
  // other: another photograph of the same size, for what stands in the way.
  data::Image (*apply)(data::Image picture, const data::Image& other, RandomStream& random);
};

// grey, edges, colour-shuffled, blurred, darkened, cluttered, occluded.
const std::vector<Alteration>& alterations();
// Throws InputError that lists the names.
const Alteration& alteration_named(const std::string& name);

}  // namespace frugal::explain
