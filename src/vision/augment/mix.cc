#include "vision/augment/mix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <variant>

#include "base/error.h"
#include "vision/augment/transforms.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

// Gamma(shape, 1) by Marsaglia & Tsang (2000), in logarithms: with a small shape the number itself
// would be zero.
double draw_log_gamma(double shape, RandomStream& random) {
  if (shape < 1) {
    const double larger = draw_log_gamma(shape + 1, random);
    return larger + std::log1p(-random.uniform()) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double root = 1 + c * x;
    const double u = 1 - random.uniform();
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

double draw_beta(double alpha, RandomStream& random) {
  const double a = draw_log_gamma(alpha, random), b = draw_log_gamma(alpha, random);
  return 1 / (1 + std::exp(b - a));
}

}  // namespace

double draw_mixup_share(double alpha, RandomStream& random) {
  const double share = draw_beta(alpha, random);
  return std::min(share, 1 - share);
}

Window draw_cutmix_window(data::Size view, double alpha, RandomStream& random) {
  const double side = std::sqrt(draw_beta(alpha, random)) / 2;
  const auto span = [&](std::size_t length, std::size_t centre) {
    const auto half = static_cast<std::size_t>(side * static_cast<double>(length));
    const std::size_t begin = centre - std::min(half, centre);
    return std::pair(begin, std::min(centre + half, length) - begin);
  };
  const std::size_t x = random.below(view.width), y = random.below(view.height);
  const auto [left, width] = span(view.width, x);
  const auto [top, height] = span(view.height, y);
  return {top, left, height, width};
}

bool mixes(const Policy& policy) {
  return std::any_of(policy.uses.begin(), policy.uses.end(), [](const TransformUse& use) {
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    return row->transform.stage == Stage::kBatch && use.probability > 0;
  });
}

std::optional<Mix> draw_mix(const Policy& policy, data::Size view, std::size_t count,
                            RandomStream random) {
  for (std::size_t i = 0; i < policy.uses.size(); ++i) {
    const TransformUse& use = policy.uses[i];
    const Row* row = find_row(use.transform);
    FRUGAL_CHECK(row != nullptr, use.transform);
    const auto* draw = std::get_if<MixFunction>(&row->function);
    if (draw == nullptr) continue;
    RandomStream draws = random.derive(i);
    if (draws.uniform() >= use.probability) continue;
    Mix mix = (*draw)(view, Values(row->transform, use), draws);
    mix.partner = draws.below(count);
    return mix;
  }
  return std::nullopt;
}

void mix(std::span<std::uint8_t> pixels, std::span<const std::uint8_t> partner, data::Size view,
         const Mix& mix) {
  FRUGAL_CHECK(pixels.size() == view.height * view.width * kChannels);
  FRUGAL_CHECK(partner.size() == pixels.size());
  if (!mix.window) {
    const auto share = static_cast<float>(mix.share);
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(std::lround(
          (1 - share) * static_cast<float>(pixels[i]) + share * static_cast<float>(partner[i])));
    return;
  }
  const Window& window = *mix.window;
  for (std::size_t y = window.top; y < window.top + window.height; ++y) {
    const std::size_t from = (y * view.width + window.left) * kChannels;
    std::memcpy(&pixels[from], &partner[from], window.width * kChannels);
  }
}

}  // namespace frugal::augment
