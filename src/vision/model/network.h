// The networks, one table: ResNet-18, 34, 50, 101 (He et al. 2016), with torchvision's parameter
// names and layout, so that its weights load as they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vision/model/weights.h"

namespace frugal::model {

struct NetworkSpec {
  std::string name;  // "resnet18"
  bool bottleneck = false;
  std::array<std::size_t, 4> blocks{};  // per layer
  std::size_t feature_count = 512;      // after global average pooling
  double forward_gflop_at_224 = 3.63;   // of one image; multiply and add counted as two
};

const std::vector<NetworkSpec>& networks();
// Throws InputError that lists the names.
const NetworkSpec& network_named(const std::string& name);
// From names and shapes; the head ("fc") may be of any size, or absent. Throws InputError that says
// what does not fit. where: the file.
const NetworkSpec& recognize_network(const StateDict& state, const std::string& where);
// Classes of the head in state; 0 when there is none.
std::size_t head_class_count(const StateDict& state);

// One network with a linear head ("fc"). Its tensors stay the same objects for life, so that an
// optimizer may hold them. Starts in evaluation mode, contiguous, fp32, its parameters requiring
// gradients. Not thread-safe.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkSpec& spec() const = 0;
  virtual std::size_t class_count() const = 0;

  // images: (n, 3, height, width), normalized, any memory format. Returns (n, feature_count), in
  // the precision that autocast, or else fp32, gives.
  virtual at::Tensor features(const at::Tensor& images) = 0;
  virtual at::Tensor head(const at::Tensor& features) = 0;  // (n, class_count) logits
  at::Tensor forward(const at::Tensor& images) { return head(features(images)); }

  // Batch norm in evaluation mode when not training.
  virtual void set_training(bool training) = 0;
  virtual std::vector<at::Tensor> backbone_parameters() const = 0;
  // For each of them its layer: 0 the stem, 1 to 4 the layers.
  virtual std::vector<int> backbone_layers() const = 0;
  virtual std::vector<at::Tensor> head_parameters() const = 0;  // weight (c, f), bias (c)
  virtual StateDict state() const = 0;  // parameters and buffers; shares their storage
  // Copies values in. Throws InputError that lists what is missing, unexpected or misshapen,
  // shape by shape, and changes nothing then. where: the file. keep_head: false leaves fc as it is
  // (a new set of classes). Batch counts, which old files lack, are left as they are.
  virtual void load(const StateDict& state, const std::string& where, bool keep_head) = 0;
  // Weights and, from now on, what flows through.
  virtual void to_channels_last() = 0;
};

// Freshly initialized as torchvision does (convolutions Kaiming normal by fan out, He et al. 2015;
// batch norm 1 and 0; head uniform in ±1/√feature_count), each tensor by a stream of its own.
std::unique_ptr<Network> make_network(const NetworkSpec& spec, std::size_t class_count,
                                      std::uint64_t seed);

}  // namespace frugal::model
