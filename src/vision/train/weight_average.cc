#include "vision/train/weight_average.h"

#include <c10/core/GradMode.h>

#include <algorithm>

namespace frugal::train {

WeightAverage::WeightAverage(const std::vector<at::Tensor>& tensors, double decay) : decay_(decay) {
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.is_floating_point()) continue;
    tensors_.push_back(tensor.detach());
    means_.push_back(tensor.detach().clone());
  }
}

void WeightAverage::update(std::size_t step) {
  const at::NoGradGuard no_grad;
  const double t = static_cast<double>(step);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (std::size_t i = 0; i < means_.size(); ++i) means_[i].lerp_(tensors_[i], 1 - decay);
}

void WeightAverage::swap() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < means_.size(); ++i) {
    const at::Tensor weights = tensors_[i].clone();
    tensors_[i].copy_(means_[i]);
    means_[i].copy_(weights);
  }
}

}  // namespace frugal::train
