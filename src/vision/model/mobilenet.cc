#include "vision/model/mobilenet.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/ops/clamp.h>
#include <fmt/format.h>

#include <utility>

namespace frugal::model {
namespace {

at::Tensor relu6(const at::Tensor& x) {
  return at::clamp(x, 0, 6);
}

// Table 2 of the paper: widening, channels, blocks, stride of the first.
std::vector<InvertedResidual> table() {
  struct Row {
    std::int64_t widening, channels;
    int blocks;
    std::int64_t stride;
    std::size_t layer;
  };
  constexpr Row kRows[] = {{1, 16, 1, 1, 1}, {6, 24, 2, 2, 1},  {6, 32, 3, 2, 2}, {6, 64, 4, 2, 3},
                           {6, 96, 3, 1, 3}, {6, 160, 3, 2, 4}, {6, 320, 1, 1, 4}};
  std::vector<InvertedResidual> blocks;
  std::int64_t in = kMobileStem;
  for (const Row& row : kRows)
    for (int i = 0; i < row.blocks; ++i) {
      blocks.push_back({blocks.size() + 1, row.layer, in, row.channels, row.widening * in,
                        i == 0 ? row.stride : 1});
      in = row.channels;
    }
  return blocks;
}

}  // namespace

std::string InvertedResidual::name() const {
  return fmt::format("features.{}.conv", stage);
}

const std::vector<InvertedResidual>& inverted_residuals() {
  static const std::vector<InvertedResidual> blocks = table();
  return blocks;
}

MobileNetV2::MobileNetV2(NetworkTensors tensors)
    : PlannedNetwork(std::move(tensors)),
      stem_(stage("features.0.0", "features.0.1", 2)),
      last_(stage("features.18.0", "features.18.1", 1)) {
  for (const InvertedResidual& plan : inverted_residuals()) {
    const std::string name = plan.name();
    const int first = plan.widens() ? 1 : 0;
    Block block{.widen = {},
                .filter = stage(fmt::format("{}.{}.0", name, first),
                                fmt::format("{}.{}.1", name, first), plan.stride,
                                /*depthwise=*/true),
                .narrow = stage(fmt::format("{}.{}", name, first + 1),
                                fmt::format("{}.{}", name, first + 2), 1),
                .shortcut = plan.has_shortcut()};
    if (plan.widens()) block.widen.push_back(stage(name + ".0.0", name + ".0.1", 1));
    layers_[plan.layer - 1].push_back(std::move(block));
  }
}

at::Tensor MobileNetV2::run(const Block& block, const at::Tensor& input) {
  at::Tensor x = input;
  for (const Stage& widen : block.widen) x = relu6(run(widen, x));
  x = run(block.narrow, relu6(run(block.filter, x)));
  return block.shortcut ? x.add_(input) : x;
}

at::Tensor MobileNetV2::run_stem(const at::Tensor& images) {
  return relu6(run(stem_, images));
}

at::Tensor MobileNetV2::run_layer(std::size_t layer, const at::Tensor& input) {
  at::Tensor x = input;
  for (const Block& block : layers_[layer - 1]) x = run(block, x);
  return layer == kLayerCount ? relu6(run(last_, x)) : x;
}

}  // namespace frugal::model
