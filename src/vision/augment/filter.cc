#include "vision/augment/filter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace frugal::augment {
namespace {

constexpr std::size_t kChannels = 3;

std::uint8_t rounded(float value) {
  return static_cast<std::uint8_t>(std::lrint(std::clamp(value, 0.0f, 255.0f)));
}

// Half a kernel, its centre first: weights[0] + 2 Σ weights[1..] = 1.
std::vector<float> gaussian(double deviation) {
  std::vector<float> weights(static_cast<std::size_t>(std::ceil(3 * deviation)) + 1);
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double x = static_cast<double>(i) / deviation;
    weights[i] = static_cast<float>(std::exp(-0.5 * x * x));
    sum += (i == 0 ? 1 : 2) * weights[i];
  }
  for (float& weight : weights) weight = static_cast<float>(weight / sum);
  return weights;
}

// Index i of a row of n mirrored at its ends: … 2 1 0 1 2 … n−2 n−1 n−2 …
std::size_t mirrored(std::ptrdiff_t i, std::size_t n) {
  if (n == 1) return 0;
  const auto period = static_cast<std::ptrdiff_t>(2 * (n - 1));
  i = (i % period + period) % period;
  return static_cast<std::size_t>(std::min(i, period - i));
}

// out[i] = Σ weights × in[i ± k] for count elements that each hold `width` values next to one
// another, at distances of `stride` values.
void smooth(const float* in, float* out, std::size_t count, std::size_t stride, std::size_t width,
            const std::vector<float>& weights) {
  for (std::size_t i = 0; i < count; ++i) {
    float* to = out + i * stride;
    for (std::size_t x = 0; x < width; ++x) to[x] = weights[0] * in[i * stride + x];
    for (std::size_t k = 1; k < weights.size(); ++k) {
      const auto at = static_cast<std::ptrdiff_t>(i), step = static_cast<std::ptrdiff_t>(k);
      const float* before = in + mirrored(at - step, count) * stride;
      const float* after = in + mirrored(at + step, count) * stride;
      for (std::size_t x = 0; x < width; ++x) to[x] += weights[k] * (before[x] + after[x]);
    }
  }
}

}  // namespace

void adjust_sharpness(data::Image& picture, double factor) {
  if (factor == 1 || picture.height <= 2 || picture.width <= 2) return;
  thread_local std::vector<std::uint8_t> original;  // kept for its memory alone
  original.assign(picture.pixels.begin(), picture.pixels.end());
  const auto own = static_cast<float>(factor), rest = static_cast<float>(1 - factor);
  const std::size_t row = picture.width * kChannels;
  const auto blend = [&](std::size_t i, int smoothed) {
    const float value = own * static_cast<float>(original[i]) + rest * static_cast<float>(smoothed);
    picture.pixels[i] = static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
  };
  for (std::size_t y = 0; y < picture.height; ++y) {
    const bool edge = y == 0 || y + 1 == picture.height;
    const std::size_t begin = y * row + (edge ? row : kChannels);
    const std::size_t end = (y + 1) * row - (edge ? 0 : kChannels);
    for (std::size_t i = y * row; i < std::min(begin, (y + 1) * row); ++i) blend(i, original[i]);
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint8_t* at = &original[i];
      int sum = 4 * at[0];
      for (const std::uint8_t* line : {at - row, at, at + row})
        sum += line[0] + *(line - kChannels) + line[kChannels];
      blend(i, (2 * sum + 13) / 26);  // sum / 13, rounded; a tie cannot be
    }
    for (std::size_t i = std::max(begin, end); i < (y + 1) * row; ++i) blend(i, original[i]);
  }
}

void blur(data::Image& picture, double deviation) {
  const std::vector<float> weights = gaussian(deviation);
  thread_local std::vector<float> values, passed;  // kept for their memory alone
  values.assign(picture.pixels.begin(), picture.pixels.end());
  passed.resize(values.size());
  const std::size_t row = picture.width * kChannels;
  smooth(values.data(), passed.data(), picture.height, row, row, weights);
  for (std::size_t y = 0; y < picture.height; ++y)
    smooth(&passed[y * row], &values[y * row], picture.width, kChannels, kChannels, weights);
  std::transform(values.begin(), values.end(), picture.pixels.begin(), rounded);
}

void add_noise(data::Image& picture, double deviation, RandomStream& random) {
  for (std::uint8_t& value : picture.pixels)
    value = rounded(static_cast<float>(value + deviation * 255 * random.normal()));
}

void compress(data::Image& picture, int quality) {
  const std::string bytes = data::encode_jpeg(picture, quality, data::JpegStyle::kLibjpeg);
  picture = data::decode_image(bytes, {}, "a picture as JPEG");
}

}  // namespace frugal::augment
