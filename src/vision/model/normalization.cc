#include "vision/model/normalization.h"

#include <ATen/core/ivalue.h>  // Clang in C++20 needs it whole

#include <ATen/ops/tensor.h>

namespace frugal::model {
namespace {

at::Tensor per_channel(const float (&values)[3], const at::Device& device) {
  return at::tensor(at::ArrayRef<float>(values, 3)).view({1, 3, 1, 1}).mul_(255).to(device);
}

}  // namespace

at::Tensor normalized(const at::Tensor& pixels) {
  at::Tensor images = pixels.permute({0, 3, 1, 2}).to(at::kFloat);
  images.sub_(per_channel(kChannelMean, pixels.device()));
  return images.div_(per_channel(kChannelDeviation, pixels.device()));
}

}  // namespace frugal::model
