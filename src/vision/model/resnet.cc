#include "vision/model/resnet.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/ops/max_pool2d.h>
#include <fmt/format.h>

#include <utility>

namespace frugal::model {

ResNet::ResNet(NetworkTensors tensors)
    : PlannedNetwork(std::move(tensors)), stem_(stage("conv1", "bn1", 2)) {
  for (std::size_t layer = 0; layer < spec().blocks.size(); ++layer)
    for (std::size_t i = 0; i < spec().blocks[layer]; ++i)
      layers_[layer].push_back(block(fmt::format("layer{}.{}", layer + 1, i),
                                     layer > 0 && i == 0 ? 2 : 1,
                                     i == 0 && (layer > 0 || spec().bottleneck)));
}

ResNet::Block ResNet::block(const std::string& name, std::int64_t stride, bool shortcut) const {
  Block block;
  const std::size_t strided = spec().bottleneck ? 2 : 1;  // the first 3 × 3 convolution
  for (std::size_t i = 1; i <= (spec().bottleneck ? 3 : 2); ++i)
    block.stages.push_back(stage(fmt::format("{}.conv{}", name, i), fmt::format("{}.bn{}", name, i),
                                 i == strided ? stride : 1));
  if (shortcut)
    block.shortcut.push_back(stage(name + ".downsample.0", name + ".downsample.1", stride));
  return block;
}

at::Tensor ResNet::run(const Block& block, const at::Tensor& input) {
  at::Tensor output = input;
  for (std::size_t i = 0; i < block.stages.size(); ++i) {
    if (i > 0) output.relu_();
    output = run(block.stages[i], output);
  }
  output.add_(block.shortcut.empty() ? input : run(block.shortcut[0], input));
  return output.relu_();
}

at::Tensor ResNet::run_stem(const at::Tensor& images) {
  return at::max_pool2d(run(stem_, images).relu_(), /*kernel_size=*/3, /*stride=*/2,
                        /*padding=*/1);
}

at::Tensor ResNet::run_layer(std::size_t layer, const at::Tensor& input) {
  at::Tensor x = input;
  for (const Block& block : layers_[layer - 1]) x = run(block, x);
  return x;
}

}  // namespace frugal::model
