#include "vision/train/test_logits.h"

#include <algorithm>

#include "base/error.h"

namespace frugal::train {

void mirror(std::span<std::uint8_t> pixels, data::Size size) {
  const std::size_t row = size.width * 3;
  FRUGAL_CHECK(pixels.size() == size.height * row);
  for (std::size_t y = 0; y < size.height; ++y) {
    std::uint8_t *left = pixels.data() + y * row, *right = left + row - 3;
    for (; left < right; left += 3, right -= 3) std::swap_ranges(left, left + 3, right);
  }
}

void add_mean(std::vector<float>& logits, std::span<const float> others) {
  FRUGAL_CHECK(logits.size() == others.size());
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = (logits[i] + others[i]) / 2;
}

std::optional<std::vector<float>> test_logits(model::Network& network, const Views& views,
                                              bool flip, const Compute& compute,
                                              const std::function<void(std::size_t)>& on_done,
                                              const std::function<bool()>& should_stop) {
  // A view stands beside its mirror image.
  const std::size_t each = flip ? 2 : 1;
  const Views shown{each * views.count, views.size,
                    [&](std::size_t i, std::span<std::uint8_t> pixels) {
                      views.fill(i / each, pixels);
                      if (i % each == 1) mirror(pixels, views.size);
                    }};
  std::vector<float> logits;
  const std::size_t classes = network.class_count();
  const bool done = infer(
      network, Output::kLogits, shown, compute,
      [&](std::size_t, std::span<const float> rows) {
        logits.insert(logits.end(), rows.begin(), rows.end());
        on_done(logits.size() / classes / each);
      },
      should_stop);
  if (!done) return {};
  if (!flip) return logits;
  std::vector<float> means(views.count * classes);
  for (std::size_t i = 0; i < means.size(); ++i) {
    const std::size_t first = i / classes * 2 * classes + i % classes;
    means[i] = (logits[first] + logits[first + classes]) / 2;
  }
  return means;
}

}  // namespace frugal::train
