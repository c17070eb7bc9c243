#include "vision/model/network.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "vision/model/layout.h"
#include "vision/model/mobilenet.h"
#include "vision/model/resnet.h"
#include "vision/model/stored_tensor.h"
#include "vision/model/unpickle.h"

namespace frugal::model {
namespace {

std::string blocks_text(bool bottleneck, const std::array<std::size_t, 4>& blocks) {
  return fmt::format("{} blocks ({})", bottleneck ? "bottleneck" : "basic",
                     fmt::join(blocks, ", "));
}

std::string known_networks() {
  std::vector<std::string> texts;
  for (const NetworkSpec& spec : networks())
    if (spec.family == Family::kResNet)
      texts.push_back(fmt::format("{}: {}", spec.name, blocks_text(spec.bottleneck, spec.blocks)));
  return fmt::format("{}", fmt::join(texts, "; "));
}

const at::Tensor* find(const StateDict& state, std::string_view name) {
  const auto found = std::find_if(state.begin(), state.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == state.end() ? nullptr : &found->second;
}

// How many blocks "layer1." to "layer4." have, from names as "layer3.7.conv1.weight".
std::array<std::size_t, 4> count_blocks(const StateDict& state) {
  std::array<std::set<std::size_t>, 4> seen;
  for (const auto& [name, tensor] : state) {
    if (!name.starts_with("layer") || name.size() < 8 || name[6] != '.') continue;
    const auto layer = static_cast<std::size_t>(name[5] - '1');
    std::size_t block = 0;
    const auto [end, error] = std::from_chars(&name[7], name.data() + name.size(), block);
    if (layer < seen.size() && error == std::errc() && *end == '.') seen[layer].insert(block);
  }
  std::array<std::size_t, 4> counts{};
  std::transform(seen.begin(), seen.end(), counts.begin(), [](const auto& s) { return s.size(); });
  return counts;
}

NetworkSpec resnet(const char* name, bool bottleneck, std::array<std::size_t, kLayerCount> blocks,
                   double gflop) {
  NetworkSpec spec{.name = name, .bottleneck = bottleneck, .blocks = blocks};
  for (std::size_t layer = 0; layer < kLayerCount; ++layer)
    spec.layer_channels[layer] = (std::size_t{bottleneck ? 256u : 64u}) << layer;
  spec.feature_count = spec.layer_channels.back();
  spec.forward_gflop_at_224 = gflop;
  return spec;
}

// Throws InputError when state is not that network, but for its head.
const NetworkSpec& require_layout(const NetworkSpec& spec, const StateDict& state,
                                  const std::string& where) {
  const std::string wrong = differences(layout_of(spec, 1), state, /*with_head=*/false);
  if (!wrong.empty())
    throw InputError(fmt::format("{}: looks like {}, but is not: {}", where, spec.name, wrong));
  return spec;
}

}  // namespace

std::size_t NetworkSpec::channels(std::size_t layer) const {
  FRUGAL_CHECK(layer >= 1 && layer <= kLayerCount);
  return layer_channels[layer - 1];
}

std::size_t NetworkSpec::channels_of_last(std::size_t layers) const {
  FRUGAL_CHECK(layers >= 1 && layers <= kLayerCount);
  std::size_t count = 0;
  for (std::size_t i = 0; i < layers; ++i) count += channels(kLayerCount - i);
  return count;
}

std::size_t positions_after(std::size_t layer, std::size_t pixels) {
  FRUGAL_CHECK(layer >= 1 && layer <= kLayerCount);
  for (std::size_t halvings = layer + 1; halvings > 0; --halvings) pixels = (pixels + 1) / 2;
  return pixels;
}

at::Tensor Network::features(const at::Tensor& input, std::size_t after) {
  const std::size_t first = kLayerCount + 1 - head_layers();
  FRUGAL_CHECK(after < first, "the head reads what comes before");
  std::vector<at::Tensor> means;
  at::Tensor x = input;
  for (std::size_t layer = first; layer <= kLayerCount; ++layer) {
    x = layers(x, std::exchange(after, layer), layer);
    means.push_back(at::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }
  return means.size() == 1 ? means.front() : at::cat(means, 1);
}

const std::vector<NetworkSpec>& networks() {
  // Gflop: twice the multiply-adds that torchvision states for its weights.
  static const std::vector<NetworkSpec> kNetworks{
      resnet("resnet18", false, {2, 2, 2, 2}, 3.63),
      resnet("resnet34", false, {3, 4, 6, 3}, 7.33),
      resnet("resnet50", true, {3, 4, 6, 3}, 8.18),
      resnet("resnet101", true, {3, 4, 23, 3}, 15.60),
      {.name = "mobilenet_v2",
       .family = Family::kMobileNetV2,
       .head = "classifier.1",
       .layer_channels = {24, 32, 96, 1280},
       .feature_count = 1280,
       .forward_gflop_at_224 = 0.60},
  };
  return kNetworks;
}

const NetworkSpec& network_named(const std::string& name) {
  std::vector<std::string> names;
  for (const NetworkSpec& spec : networks()) {
    if (spec.name == name) return spec;
    names.push_back(spec.name);
  }
  const std::string guess = nearest(name, names);
  throw InputError(fmt::format("unknown network \"{}\"{}; there are {}", name,
                               guess.empty() ? "" : fmt::format("; did you mean \"{}\"?", guess),
                               fmt::join(names, ", ")));
}

const NetworkSpec& recognize_network(const StateDict& state, const std::string& where) {
  if (find(state, "features.0.0.weight") != nullptr && find(state, "features.1.conv.1.weight"))
    return require_layout(network_named("mobilenet_v2"), state, where);
  const auto blocks = count_blocks(state);
  if (find(state, "conv1.weight") == nullptr ||
      std::find(blocks.begin(), blocks.end(), 0U) != blocks.end()) {
    const std::string first = state.empty() ? "nothing"
                                            : fmt::format("{} {}", printable(state.front().first),
                                                          shape_text(state.front().second.sizes()));
    throw InputError(
        fmt::format("{}: no ResNet with torchvision's names (conv1.weight, "
                    "layer1 to layer4), and no MobileNetV2 (features.0.0.weight, "
                    "features.1.conv): it has {} tensors and begins with {}",
                    where, state.size(), first));
  }
  const bool bottleneck = find(state, "layer1.0.conv3.weight") != nullptr;
  const auto& known = networks();
  const auto spec = std::find_if(known.begin(), known.end(), [&](const NetworkSpec& candidate) {
    return candidate.bottleneck == bottleneck && candidate.blocks == blocks;
  });
  if (spec == known.end())
    throw InputError(
        fmt::format("{}: looks like a ResNet with {}, which is none of those known "
                    "({})",
                    where, blocks_text(bottleneck, blocks), known_networks()));
  return require_layout(*spec, state, where);
}

std::size_t head_class_count(const StateDict& state) {
  const at::Tensor* weight = nullptr;
  for (const NetworkSpec& spec : networks())
    if (const at::Tensor* found = find(state, spec.head + ".weight")) weight = found;
  return weight != nullptr && weight->dim() == 2 ? static_cast<std::size_t>(weight->size(0)) : 0;
}

std::unique_ptr<Network> make_network(const NetworkSpec& spec, std::size_t class_count,
                                      std::uint64_t seed, std::size_t head_layers,
                                      Backbone backbone) {
  NetworkTensors tensors = fresh_tensors(spec, class_count, seed, head_layers, backbone);
  if (spec.family == Family::kMobileNetV2) return std::make_unique<MobileNetV2>(std::move(tensors));
  return std::make_unique<ResNet>(std::move(tensors));
}

}  // namespace frugal::model
