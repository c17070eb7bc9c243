#include "vision/engine/folded_network.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <fmt/format.h>

#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "vision/model/layout.h"
#include "vision/model/normalization.h"

namespace frugal::engine {
namespace {

class Folder {
 public:
  explicit Folder(const model::Network& network) : spec_(network.spec()) {
    for (const auto& [name, tensor] : network.state()) state_.emplace(name, tensor.contiguous());
  }

  FoldedNetwork fold(std::size_t layers) {
    add("conv1", "bn1", 2, /*source=*/0, /*target=*/inner_);
    fold_normalization();
    for (std::size_t layer = 0; layer < layers; ++layer) {
      for (std::size_t i = 0; i < spec_.blocks[layer]; ++i)
        block(fmt::format("layer{}.{}", layer + 1, i), layer > 0 && i == 0 ? 2 : 1);
      folded_.last_of_layer.push_back(folded_.convolutions.size() - 1);
    }
    return std::move(folded_);
  }

 private:
  const float* values(const std::string& name) const {
    const auto found = state_.find(name);
    FRUGAL_CHECK(found != state_.end(), name);
    return found->second.data_ptr<float>();
  }

  Convolution& add(const std::string& name, const std::string& norm, std::size_t stride,
                   std::size_t source, std::size_t target) {
    const at::Tensor& kernel = state_.at(name + ".weight");
    Convolution result{.name = name,
                       .in = static_cast<std::size_t>(kernel.size(1)),
                       .out = static_cast<std::size_t>(kernel.size(0)),
                       .side = static_cast<std::size_t>(kernel.size(2)),
                       .stride = stride,
                       .padding = static_cast<std::size_t>(kernel.size(2)) / 2,
                       .source = source,
                       .target = target};
    const float *weights = values(name + ".weight"), *scale = values(norm + ".weight"),
                *shift = values(norm + ".bias"), *mean = values(norm + ".running_mean"),
                *variance = values(norm + ".running_var");
    const std::size_t each = result.in * result.side * result.side;
    result.weights.reserve(result.out * each);
    for (std::size_t k = 0; k < result.out; ++k) {
      const double factor = scale[k] / std::sqrt(variance[k] + model::kNormEpsilon);
      for (std::size_t i = 0; i < each; ++i)
        result.weights.push_back(static_cast<float>(weights[k * each + i] * factor));
      result.bias.push_back(static_cast<float>(shift[k] - mean[k] * factor));
    }
    folded_.convolutions.push_back(std::move(result));
    return folded_.convolutions.back();
  }

  // From normalized pixels to pixels minus their mean.
  void fold_normalization() {
    Convolution& stem = folded_.convolutions.front();
    const std::size_t each = stem.side * stem.side;
    for (std::size_t i = 0; i < stem.weights.size(); ++i)
      stem.weights[i] /= 255 * model::kChannelDeviation[i / each % stem.in];
    for (std::size_t c = 0; c < 3; ++c) folded_.pixel_mean[c] = 255 * model::kChannelMean[c];
  }

  void block(const std::string& name, std::size_t stride) {
    const bool adapts = state_.contains(name + ".downsample.0.weight");
    const std::size_t last = spec_.bottleneck ? 3 : 2;
    const std::size_t strided = spec_.bottleneck ? 2 : 1;  // the first 3 × 3 convolution
    if (adapts)
      add(name + ".downsample.0", name + ".downsample.1", stride, trunk_, shortcut_).rectifies =
          false;
    std::size_t source = trunk_, target = inner_, spare = second_inner_;
    for (std::size_t i = 1; i <= last; ++i) {
      Convolution& convolution =
          add(fmt::format("{}.conv{}", name, i), fmt::format("{}.bn{}", name, i),
              i == strided ? stride : 1, source, target);
      if (i == last) {
        convolution.target = adapts ? shortcut_ : trunk_;
        convolution.adds = true;
      }
      source = std::exchange(target, spare);
    }
    if (adapts) std::swap(trunk_, shortcut_);
  }

  const model::NetworkSpec& spec_;
  std::unordered_map<std::string, at::Tensor> state_;
  FoldedNetwork folded_;
  std::size_t trunk_ = 0, shortcut_ = 1, inner_ = 2, second_inner_ = 3;
};

}  // namespace

FoldedNetwork fold(const model::Network& network, std::size_t layers) {
  return Folder(network).fold(layers);
}

}  // namespace frugal::engine
