// The published policies that draw from a fixed list of operations: AutoAugment's for ImageNet
// (Cubuk et al. 2019), RandAugment (Cubuk et al. 2020) and TrivialAugmentWide (Müller & Hutter
// 2021), as torchvision 0.14 defines them, with nearest neighbours and black outside.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::augment {

// torchvision's _apply_op: "ShearX" ... "Identity".
void apply_operation(data::Image& picture, std::string_view operation, double magnitude);

// One operation's magnitudes, from the first bin to the last; a signed one is negated half of the
// time. Without a scale it has no magnitude.
struct Operation {
  std::string_view name;
  bool has_scale = false;
  double first = 0, last = 0;
  bool is_signed = false;
  bool whole = false;  // rounded, halves to even
  // Of that many bins; bin: 0 .. bins − 1.
  double magnitude(std::size_t bin, std::size_t bins) const;
};

inline constexpr std::size_t kBins = 31;             // of RandAugment and TrivialAugmentWide
inline constexpr std::size_t kAutoAugmentBins = 10;  // of AutoAugment

// Translations depend on the picture's size.
std::vector<Operation> rand_augment_operations(data::Size picture);
std::vector<Operation> trivial_augment_operations();
std::vector<Operation> auto_augment_operations(data::Size picture);

struct SubpolicyStep {
  std::string_view operation;
  double probability = 0;
  std::size_t bin = 0;  // meaningless without a scale
};
using Subpolicy = std::array<SubpolicyStep, 2>;
const std::vector<Subpolicy>& auto_augment_subpolicies();

// bin: of kBins.
void rand_augment(data::Image& picture, std::size_t count, std::size_t bin, RandomStream& random);
void trivial_augment(data::Image& picture, RandomStream& random);
void auto_augment(data::Image& picture, RandomStream& random);

}  // namespace frugal::augment
