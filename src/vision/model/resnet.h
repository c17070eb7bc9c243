// Deep residual networks (He et al. 2016, arXiv:1512.03385) as torchvision has them: the stride of
// a bottleneck block stands in its 3 × 3 convolution ("v1.5").
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "vision/model/planned_network.h"

namespace frugal::model {

class ResNet final : public PlannedNetwork {
 public:
  explicit ResNet(NetworkTensors tensors);
  std::unique_ptr<Network> twin() const override { return twin_as<ResNet>(); }

 private:
  struct Block {
    std::vector<Stage> stages;    // two of a basic block, three of a bottleneck
    std::vector<Stage> shortcut;  // none or one
  };

  Block block(const std::string& name, std::int64_t stride, bool shortcut) const;
  using PlannedNetwork::run;
  at::Tensor run(const Block& block, const at::Tensor& input);
  at::Tensor run_stem(const at::Tensor& images) override;
  at::Tensor run_layer(std::size_t layer, const at::Tensor& input) override;

  const Stage stem_;
  std::array<std::vector<Block>, kLayerCount> layers_;
};

}  // namespace frugal::model
