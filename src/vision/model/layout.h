// What tensors a ResNet has: torchvision's names, order and shapes, as data. Initialization,
// loading, recognizing and the golden numbers all follow this one list.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vision/model/network.h"

namespace frugal::model {

// Of torch.nn.BatchNorm2d: added to the variance.
inline constexpr double kNormEpsilon = 1e-5;

enum class Role {
  kConvolution,  // (out, in, height, width)
  kScale,        // batch norm's weight
  kShift,        // batch norm's bias
  kMean,         // running, a buffer
  kVariance,     // running, a buffer
  kBatchCount,   // num_batches_tracked, a buffer: i64, no dimensions
  kHead,         // weight (classes, features) and bias (classes)
};

struct TensorPlan {
  std::string name;
  std::vector<std::int64_t> sizes;
  Role role;

  bool is_parameter() const {
    return role == Role::kConvolution || role == Role::kScale || role == Role::kShift ||
           role == Role::kHead;
  }
};

// head_layers: as make_network's.
std::vector<TensorPlan> layout_of(const NetworkSpec& spec, std::size_t class_count,
                                  std::size_t head_layers = 1);

// Of a parameter of the backbone its layer: 0 the stem, 1 to 4 the layers.
int layer_of(const NetworkSpec& spec, const std::string& name);
// Whether a tensor of that name belongs to the head of any network.
bool is_head(const std::string& name);

// What distinguishes state from the plans: "2 missing: fc.bias (10), ...; 1 misshapen: ...", ""
// when nothing does. Batch counts may be missing. with_head: false looks at no tensor of the head.
std::string differences(const std::vector<TensorPlan>& plans, const StateDict& state,
                        bool with_head);

}  // namespace frugal::model
