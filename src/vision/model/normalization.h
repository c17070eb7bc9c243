// How pretrained networks expect their pictures.
#pragma once

#include <ATen/core/Tensor.h>

namespace frugal::model {

// Of ImageNet's photographs scaled to 0..1, red, green, blue.
inline constexpr float kChannelMean[3] = {0.485f, 0.456f, 0.406f};
inline constexpr float kChannelDeviation[3] = {0.229f, 0.224f, 0.225f};

// pixels: (n, height, width, 3), uint8, any device. Returns (n, 3, height, width), fp32, channels
// last, a copy.
at::Tensor normalized(const at::Tensor& pixels);

}  // namespace frugal::model
