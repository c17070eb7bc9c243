// The networks, one table: ResNet-18, 34, 50, 101 (He et al. 2016) and MobileNetV2 (Sandler et al.
// 2018), with torchvision's parameter names and layout, so that its weights load as they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vision/model/weights.h"

namespace frugal::model {

// layer1 to layer4; what stands before layer1 (the stem) is counted to it.
inline constexpr std::size_t kLayerCount = 4;

enum class Family { kResNet, kMobileNetV2 };

struct NetworkSpec {
  std::string name;  // "resnet18"
  Family family = Family::kResNet;
  std::string head = "fc";                                // its name: "fc.weight", "fc.bias"
  bool bottleneck = false;                                // a ResNet's
  std::array<std::size_t, kLayerCount> blocks{};          // per layer, a ResNet's
  std::array<std::size_t, kLayerCount> layer_channels{};  // what each layer gives
  std::size_t feature_count = 512;                        // after global average pooling
  double forward_gflop_at_224 = 3.63;  // of one image; multiply and add counted as two

  // Of what a layer (1 to 4) gives.
  std::size_t channels(std::size_t layer) const;
  // Of the last so many layers together: what a head on their means reads.
  std::size_t channels_of_last(std::size_t layers) const;
};
// Positions along a side of so many pixels in what a layer (1 to 4) gives.
std::size_t positions_after(std::size_t layer, std::size_t pixels);

const std::vector<NetworkSpec>& networks();
// Throws InputError that lists the names.
const NetworkSpec& network_named(const std::string& name);
// From names and shapes; the head may be of any size, or absent. Throws InputError that says
// what does not fit. where: the file.
const NetworkSpec& recognize_network(const StateDict& state, const std::string& where);
// Classes of the head in state; 0 when there is none.
std::size_t head_class_count(const StateDict& state);

// One network with a linear head on the means over positions of what the last layer gives,
// or the last head_layers() layers, the lower one first. Its tensors stay the same objects for
// life, so that an optimizer may hold them. Starts in evaluation mode, contiguous, fp32, its
// parameters requiring gradients. Not thread-safe.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkSpec& spec() const = 0;
  virtual std::size_t class_count() const = 0;
  virtual std::size_t head_layers() const = 0;
  std::size_t feature_count() const { return spec().channels_of_last(head_layers()); }

  // Through the layers after + 1 to until. input: what layer `after` gave, or for 0 images,
  // (n, 3, height, width), normalized; any memory format. Returns (n, channels, height, width), in
  // the precision that autocast, or else fp32, gives.
  virtual at::Tensor layers(const at::Tensor& input, std::size_t after, std::size_t until) = 0;
  virtual at::Tensor head(const at::Tensor& features) = 0;  // (n, class_count) logits
  // What the head reads, (n, feature_count). input: as layers'; `after` is below the head's layers.
  at::Tensor features(const at::Tensor& input, std::size_t after = 0);
  at::Tensor forward(const at::Tensor& input, std::size_t after = 0) {
    return head(features(input, after));
  }

  // Batch norm in evaluation mode when not training.
  virtual void set_training(bool training) = 0;
  virtual std::vector<at::Tensor> backbone_parameters() const = 0;
  // For each of them its layer: 0 the stem, 1 to 4 the layers.
  virtual std::vector<int> backbone_layers() const = 0;
  virtual std::vector<at::Tensor> head_parameters() const = 0;  // weight (c, f), bias (c)
  virtual StateDict state() const = 0;  // parameters and buffers; shares their storage
  // Copies values in. Throws InputError that lists what is missing, unexpected or misshapen,
  // shape by shape, and changes nothing then. where: the file. keep_head: false leaves it as it is
  // (a new set of classes). Batch counts, which old files lack, are left as they are.
  virtual void load(const StateDict& state, const std::string& where, bool keep_head) = 0;
  // Weights and, from now on, what flows through.
  virtual void to_channels_last() = 0;
  // Another network whose parameters are in the same memory, and have gradients of their own; batch
  // norm's statistics begin as copies. Both may be used at once while no parameter changes.
  virtual std::unique_ptr<Network> twin() const = 0;
};

// Freshly initialized as torchvision does (convolutions Kaiming normal by fan out, He et al. 2015;
// batch norm 1 and 0; head uniform in ±1/√feature_count), each tensor by a stream of its own.
// head_layers: 1 to 4; torchvision's networks have 1. kToBeLoaded: no convolution is drawn, load()
// replaces them all.
enum class Backbone { kDrawn, kToBeLoaded };
std::unique_ptr<Network> make_network(const NetworkSpec& spec, std::size_t class_count,
                                      std::uint64_t seed, std::size_t head_layers = 1,
                                      Backbone backbone = Backbone::kDrawn);

}  // namespace frugal::model
