// The batch stage: a view mixed with the view of another training photograph, its label with the
// other's label. Whom a photograph is mixed with depends on (seed, epoch, photograph) alone: the
// partner is drawn from all training photographs, whatever batch they are in, and shows the view
// that it has itself in that epoch, before mixing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "vision/augment/geometry.h"
#include "vision/augment/policy.h"

namespace frugal::augment {

struct Mix {
  std::size_t partner = 0;  // a position among the training photographs
  double share = 0;         // of the partner, in the label and, without a window, in every pixel
  std::optional<Window> window;  // where the partner shows in place of the photograph
};

// Whether any use of the policy belongs to the batch stage and may happen.
bool mixes(const Policy& policy);

// nullopt: the view stays as it is. When several uses of the policy mix, the first that its
// probability lets do so does. count: training photographs; random: the stream that apply gets.
std::optional<Mix> draw_mix(const Policy& policy, data::Size view, std::size_t count,
                            RandomStream random);

// pixels: the view before and after; partner: the other's.
void mix(std::span<std::uint8_t> pixels, std::span<const std::uint8_t> partner, data::Size view,
         const Mix& mix);

// Zhang et al. 2018: the share of the partner is drawn from Beta(alpha, alpha), of which the
// smaller half is the partner's, so that a view is mostly its own photograph.
double draw_mixup_share(double alpha, RandomStream& random);
// Yun et al. 2019, as torchvision's references do it: a window whose area is about a share of
// Beta(alpha, alpha), around a uniform centre, cut off at the view's border. Its area is the share.
Window draw_cutmix_window(data::Size view, double alpha, RandomStream& random);

}  // namespace frugal::augment
