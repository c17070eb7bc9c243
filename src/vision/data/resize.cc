#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "vision/data/image.h"

namespace frugal::data {
namespace {

constexpr std::size_t kChannels = 3;

// The weights of one axis. Output i is the sum of weight[i * taps + k] × input[first[i] + k];
// beyond the filter's support the weights are 0, and first[i] + taps never exceeds the input.
struct Filter {
  std::size_t taps = 0;
  std::vector<std::size_t> first;
  std::vector<float> weight;
};

// Outputs [begin, begin + count) of a resize from in to full samples. The triangle filter is
// stretched by the factor when that is above 1 (as PIL's BILINEAR does, Resample.c).
Filter triangle_filter(std::size_t in, std::size_t full, std::size_t begin, std::size_t count) {
  const double scale = static_cast<double>(in) / static_cast<double>(full);
  const double support = std::max(scale, 1.0);
  Filter filter;
  // The most samples whose centres lie strictly inside an interval as long as the support.
  filter.taps = std::min(in, static_cast<std::size_t>(std::ceil(2 * support)));
  filter.first.resize(count);
  filter.weight.assign(count * filter.taps, 0.0f);
  std::vector<double> weight(filter.taps);
  for (std::size_t i = 0; i < count; ++i) {
    const double center = (static_cast<double>(begin + i) + 0.5) * scale;
    const double from = std::max(0.0, std::floor(center - support + 0.5));
    const std::size_t first = std::min(static_cast<std::size_t>(from), in - filter.taps);
    double sum = 0;
    for (std::size_t k = 0; k < filter.taps; ++k) {
      const double distance = (static_cast<double>(first + k) + 0.5 - center) / support;
      weight[k] = std::max(0.0, 1.0 - std::abs(distance));
      sum += weight[k];
    }
    filter.first[i] = first;
    for (std::size_t k = 0; k < filter.taps; ++k)
      filter.weight[i * filter.taps + k] = static_cast<float>(weight[k] / sum);
  }
  return filter;
}

// out[j] = Σ_k weight[k] × rows[k × stride + j], for n values: whole rows at once, which the
// compiler vectorizes.
void blend_rows(const std::uint8_t* rows, std::size_t stride, const float* weight, std::size_t taps,
                std::size_t n, float* out) {
  std::fill(out, out + n, 0.0f);
  for (std::size_t k = 0; k < taps; ++k) {
    if (weight[k] == 0) continue;
    const float w = weight[k];
    const std::uint8_t* row = rows + k * stride;
    for (std::size_t j = 0; j < n; ++j) out[j] += w * static_cast<float>(row[j]);
  }
}

// Red, green, blue, and one value that is loaded but not used.
using Pixel = float __attribute__((vector_size(16)));

Pixel load_pixel(const float* values) {
  Pixel pixel;
  std::memcpy(&pixel, values, sizeof pixel);
  return pixel;
}

// One row of RGB to another. in must be readable one value past its end. The weights sum to 1, so
// that adding a half rounds and cannot pass 255.
void blend_columns(const float* in, const Filter& filter, std::uint8_t* out) {
  const float* weight = filter.weight.data();
  for (const std::size_t first : filter.first) {
    const float* from = in + first * kChannels;
    Pixel sum = {0.5f, 0.5f, 0.5f, 0.5f};
    for (std::size_t k = 0; k < filter.taps; ++k)
      sum += *weight++ * load_pixel(from + k * kChannels);
    for (std::size_t c = 0; c < kChannels; ++c) *out++ = static_cast<std::uint8_t>(sum[c]);
  }
}

// The part of size crop at (top, left) of image resized to full.
Image resample(const Image& image, Size full, Size crop, std::size_t top, std::size_t left) {
  FRUGAL_CHECK(image.height > 0 && image.width > 0 && crop.height > 0 && crop.width > 0);
  FRUGAL_CHECK(image.pixels.size() == image.height * image.width * kChannels);
  const Filter rows = triangle_filter(image.height, full.height, top, crop.height);
  const Filter columns = triangle_filter(image.width, full.width, left, crop.width);
  const std::size_t begin = *std::min_element(columns.first.begin(), columns.first.end());
  const std::size_t end =
      *std::max_element(columns.first.begin(), columns.first.end()) + columns.taps;
  const std::size_t stride = image.width * kChannels;

  Image result{crop.height, crop.width, {}};
  result.pixels.resize(crop.height * crop.width * kChannels);
  std::vector<float> row(stride + 1);
  for (std::size_t y = 0; y < crop.height; ++y) {
    blend_rows(image.pixels.data() + rows.first[y] * stride + begin * kChannels, stride,
               rows.weight.data() + y * rows.taps, rows.taps, (end - begin) * kChannels,
               row.data() + begin * kChannels);
    blend_columns(row.data(), columns, result.pixels.data() + y * crop.width * kChannels);
  }
  return result;
}

}  // namespace

Image resize(const Image& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  return resample(image, size, size, 0, 0);
}

Image resize_and_center_crop(const Image& image, Size size) {
  FRUGAL_CHECK(image.height > 0 && image.width > 0);
  const auto height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  const double scale =
      std::max(static_cast<double>(size.height) / height, static_cast<double>(size.width) / width);
  const auto cover = [scale](double side, std::size_t at_least) {
    return std::max(at_least, static_cast<std::size_t>(std::lround(side * scale)));
  };
  const Size full{cover(height, size.height), cover(width, size.width)};
  return resample(image, full, size, (full.height - size.height) / 2,
                  (full.width - size.width) / 2);
}

}  // namespace frugal::data
