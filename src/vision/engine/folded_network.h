// A ResNet as the list of convolutions that is left when batch norm, which is linear in evaluation
// mode, is folded into their weights: w' = w γ/σ, b' = β − μ γ/σ. The normalization of pixels is
// folded into the first one, so that it takes pixels as they are stored. Plain memory, no LibTorch.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "vision/model/network.h"

namespace frugal::engine {

// Where activations lie. A block reads the trunk and leaves its result there, or, when a
// convolution adapts the identity, where that one put it; then the two change roles.
inline constexpr std::size_t kBufferCount = 4;

struct Convolution {
  std::string name;                       // "layer1.0.conv1", for messages
  std::size_t in = 0, out = 0, side = 0;  // channels; the kernel is side × side
  std::size_t stride = 1, padding = 0;    // pixels, on all four sides
  std::vector<float> weights;             // (out, in, side, side)
  std::vector<float> bias;                // (out)
  std::size_t source = 0, target = 0;     // buffers
  bool adds = false;                      // to what the target holds
  bool rectifies = true;                  // ReLU, after adding
};

struct FoldedNetwork {
  // The first takes pixels minus their channel's mean × 255, and stands before the 3 × 3 max pool
  // of stride 2, from its target into buffer 0. The others follow in order.
  std::vector<Convolution> convolutions;
  std::vector<std::size_t> last_of_layer;  // which convolution gives what layer1, 2, ... give
  std::array<float, 3> pixel_mean{};       // times 255
};

// layers: how many of them, from the first on.
FoldedNetwork fold(const model::Network& network, std::size_t layers = model::kLayerCount);

}  // namespace frugal::engine
