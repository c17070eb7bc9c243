// MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) as torchvision has it, width 1: inverted
// residual blocks, which widen, filter each channel by itself and narrow again, without a
// nonlinearity at the narrow ends. Its 19 stages ("features.0" ...) stand in four layers by their
// strides, as those of ResNets: after layer k a side has 1/2^(k+1) of the picture's pixels. Its
// head has no dropout here.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "vision/model/planned_network.h"

namespace frugal::model {

// One inverted residual block, as data: what layout.cc plans and this builds.
struct InvertedResidual {
  std::size_t stage = 1;  // "features.1"
  std::size_t layer = 1;  // 1 to 4
  std::int64_t in = 0, out = 0;
  std::int64_t widened = 0;  // channels inside; of the first block as many as in
  std::int64_t stride = 1;

  bool widens() const { return widened != in; }
  bool has_shortcut() const { return stride == 1 && in == out; }
  // Names without ".weight": the parts of a block are numbered differently when it does not widen.
  std::string name() const;
};
const std::vector<InvertedResidual>& inverted_residuals();  // stages 1 to 17

inline constexpr std::int64_t kMobileStem = 32, kMobileFeatures = 1280;  // channels

class MobileNetV2 final : public PlannedNetwork {
 public:
  explicit MobileNetV2(NetworkTensors tensors);
  std::unique_ptr<Network> twin() const override { return twin_as<MobileNetV2>(); }

 private:
  struct Block {
    std::vector<Stage> widen;  // none or one
    Stage filter, narrow;
    bool shortcut = false;
  };
  using PlannedNetwork::run;
  at::Tensor run(const Block& block, const at::Tensor& input);
  at::Tensor run_stem(const at::Tensor& images) override;
  at::Tensor run_layer(std::size_t layer, const at::Tensor& input) override;

  const Stage stem_, last_;
  std::array<std::vector<Block>, kLayerCount> layers_;
};

}  // namespace frugal::model
