#include "vision/explain/class_activation.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vision/explain/subject_state.h"
#include "vision/train/views.h"

namespace frugal::explain {
namespace {

constexpr std::size_t kBatch = 32;

// Head weights of what the last layer gives: (channels) of that class.
at::Tensor class_weights(const model::Network& network, std::size_t class_index) {
  const at::Tensor weight = network.head_parameters()[0];
  const auto channels = static_cast<std::int64_t>(network.spec().channels(model::kLayerCount));
  return weight[static_cast<std::int64_t>(class_index)].slice(0, weight.size(1) - channels);
}

ActivationMap map_of(const at::Tensor& activations, const at::Tensor& weights) {
  const at::Tensor map =
      at::relu((activations * weights.reshape({-1, 1, 1})).sum(0)).to(at::kFloat).contiguous();
  const float* values = map.data_ptr<float>();
  return {static_cast<std::size_t>(map.size(0)),
          static_cast<std::size_t>(map.size(1)),
          {values, values + map.numel()}};
}

// Where pixel i of `pixels` lies between two of `positions`, and how near the second.
struct Between {
  std::size_t first, second;
  float share;
};
Between between(std::size_t i, std::size_t pixels, std::size_t positions) {
  const double at = (static_cast<double>(i) + 0.5) * static_cast<double>(positions) /
                        static_cast<double>(pixels) -
                    0.5;
  const double clamped = std::clamp(at, 0.0, static_cast<double>(positions - 1));
  const auto first = static_cast<std::size_t>(clamped);
  return {first, std::min(first + 1, positions - 1),
          static_cast<float>(clamped - static_cast<double>(first))};
}

}  // namespace

data::Size map_size(Subject& subject) {
  const data::Size view = train::test_view(subject.recipe());
  return {model::positions_after(model::kLayerCount, view.height),
          model::positions_after(model::kLayerCount, view.width)};
}

std::vector<ActivationMap> class_activations(Subject& subject, const Gallery& gallery,
                                             const std::vector<MapRequest>& requests,
                                             ProgressSink& progress) {
  Subject::State& state = subject.state();
  const at::NoGradGuard no_grad;
  state.network->set_training(false);
  std::vector<ActivationMap> maps;
  for (std::size_t begin = 0; begin < requests.size(); begin += kBatch) {
    const std::size_t n = std::min(kBatch, requests.size() - begin);
    std::vector<std::uint8_t> pixels;
    for (std::size_t i = 0; i < n; ++i) {
      const data::Image picture = gallery.picture(requests[begin + i].photograph);
      pixels.insert(pixels.end(), picture.pixels.begin(), picture.pixels.end());
    }
    const at::Tensor activations = state.network->layers(
        train::normalized(pixels, gallery.view(), state.compute), 0, model::kLayerCount);
    for (std::size_t i = 0; i < n; ++i)
      maps.push_back(map_of(activations[static_cast<std::int64_t>(i)],
                            class_weights(*state.network, requests[begin + i].class_index)));
    progress.progress({"looking where the evidence lies", maps.size(), requests.size()});
  }
  return maps;
}

ActivationMap enlarged(const ActivationMap& map, data::Size view) {
  ActivationMap large{view.height, view.width, {}};
  large.values.reserve(view.height * view.width);
  for (std::size_t y = 0; y < view.height; ++y) {
    const Between row = between(y, view.height, map.height);
    for (std::size_t x = 0; x < view.width; ++x) {
      const Between column = between(x, view.width, map.width);
      const auto along = [&](std::size_t r) {
        const float* values = &map.values[r * map.width];
        return values[column.first] + column.share * (values[column.second] - values[column.first]);
      };
      large.values.push_back(along(row.first) + row.share * (along(row.second) - along(row.first)));
    }
  }
  return large;
}

std::optional<double> mass_inside(const ActivationMap& map, const augment::Window& window) {
  FRUGAL_CHECK(window.top + window.height <= map.height);
  FRUGAL_CHECK(window.left + window.width <= map.width);
  double all = 0, inside = 0;
  for (std::size_t y = 0; y < map.height; ++y)
    for (std::size_t x = 0; x < map.width; ++x) {
      const double value = map.values[y * map.width + x];
      all += value;
      if (y >= window.top && y < window.top + window.height && x >= window.left &&
          x < window.left + window.width)
        inside += value;
    }
  if (all <= 0) return {};
  return inside / all;
}

data::Image overlaid(const data::Image& picture, const ActivationMap& map) {
  FRUGAL_CHECK(map.height == picture.height && map.width == picture.width);
  const float largest = std::max(*std::max_element(map.values.begin(), map.values.end()), 1e-9f);
  const auto is_hot = [&](std::size_t y, std::size_t x) {
    return map.values[y * map.width + x] >= largest / 2;
  };
  data::Image result = picture;
  for (std::size_t y = 0; y < map.height; ++y)
    for (std::size_t x = 0; x < map.width; ++x) {
      const std::size_t i = y * map.width + x;
      const float light = 0.35f + 0.65f * map.values[i] / largest;
      const bool on_outline =
          is_hot(y, x) &&
          ((y > 0 && !is_hot(y - 1, x)) || (x > 0 && !is_hot(y, x - 1)) ||
           (y + 1 < map.height && !is_hot(y + 1, x)) || (x + 1 < map.width && !is_hot(y, x + 1)));
      static constexpr std::uint8_t kOutline[3] = {255, 214, 0};
      for (std::size_t c = 0; c < 3; ++c)
        result.pixels[3 * i + c] =
            on_outline
                ? kOutline[c]
                : static_cast<std::uint8_t>(light * static_cast<float>(picture.pixels[3 * i + c]));
    }
  return result;
}

}  // namespace frugal::explain
