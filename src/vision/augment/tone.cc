#include "vision/augment/tone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "vision/augment/color_kernels.h"

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

template <typename Function>
ValueTable table_of(const Function& function) {
  ValueTable table;
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<std::uint8_t>(function(static_cast<int>(v)));
  return table;
}

using Histogram = std::array<std::size_t, 256>;

std::array<Histogram, kChannels> histograms(std::span<const std::uint8_t> pixels) {
  std::array<Histogram, kChannels> counts{};
  for (std::size_t i = 0; i + kChannels <= pixels.size(); i += kChannels)
    for (std::size_t c = 0; c < kChannels; ++c) ++counts[c][pixels[i + c]];
  return counts;
}

void look_up(std::span<std::uint8_t> pixels, const std::array<ValueTable, kChannels>& tables) {
  for (std::size_t i = 0; i + kChannels <= pixels.size(); i += kChannels)
    for (std::size_t c = 0; c < kChannels; ++c) pixels[i + c] = tables[c][pixels[i + c]];
}

ValueTable identity() {
  return table_of([](int v) { return v; });
}

// torchvision's _scale_channel.
ValueTable equalizing(const Histogram& counts) {
  std::size_t all = 0, last = 0;  // last: of the largest value that occurs
  for (const std::size_t count : counts) {
    all += count;
    if (count > 0) last = count;
  }
  const std::size_t step = (all - last) / 255;
  if (step == 0) return identity();
  ValueTable table{};
  std::size_t below = 0;
  for (std::size_t v = 0; v + 1 < table.size(); ++v) {
    below += counts[v];
    table[v + 1] = static_cast<std::uint8_t>(std::min<std::size_t>((below + step / 2) / step, 255));
  }
  return table;
}

ValueTable stretching(const Histogram& counts) {
  const auto occurs = [](std::size_t count) { return count > 0; };
  const auto first = std::find_if(counts.begin(), counts.end(), occurs) - counts.begin();
  const auto last = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), occurs) - 1;
  if (first >= last) return identity();
  const auto low = static_cast<float>(first);
  const float scale = 255.0f / (static_cast<float>(last) - low);
  return table_of(
      [&](int v) { return std::clamp((static_cast<float>(v) - low) * scale, 0.0f, 255.0f); });
}

template <typename TableOf>
void change_channels(std::span<std::uint8_t> pixels, const TableOf& make_table) {
  const auto counts = histograms(pixels);
  look_up(pixels, {make_table(counts[0]), make_table(counts[1]), make_table(counts[2])});
}

}  // namespace

void to_grey(std::span<std::uint8_t> pixels) {
  fast::saturate(pixels, identity(), 0, 1);
}

void invert(std::span<std::uint8_t> pixels) {
  fast::look_up(pixels, table_of([](int v) { return 255 - v; }));
}

void posterize(std::span<std::uint8_t> pixels, int bits) {
  fast::look_up(pixels, table_of([&](int v) { return v & -(1 << (8 - bits)); }));
}

void solarize(std::span<std::uint8_t> pixels, double threshold) {
  fast::look_up(pixels, table_of([&](int v) { return v >= threshold ? 255 - v : v; }));
}

void equalize(std::span<std::uint8_t> pixels) {
  change_channels(pixels, equalizing);
}

void stretch_contrast(std::span<std::uint8_t> pixels) {
  change_channels(pixels, stretching);
}

}  // namespace frugal::augment
