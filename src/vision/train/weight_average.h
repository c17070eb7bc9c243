// A running mean of a network's weights and of batch norm's statistics (Polyak averaging with
// exponential decay; as torch.optim.swa_utils with get_ema_multi_avg_fn):
//   mean = decay_t × mean + (1 − decay_t) × weights,  decay_t = min(decay, (1 + t) / (10 + t)),
// which forgets the first steps sooner (Abadi et al., tf.train.ExponentialMovingAverage).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

namespace frugal::train {

class WeightAverage {
 public:
  // tensors: kept, and read; those that are not of floating point are left out. The mean begins as
  // what they are.
  WeightAverage(const std::vector<at::Tensor>& tensors, double decay);

  // After step t (0, 1, ...).
  void update(std::size_t step);
  // Exchanges the mean with the weights: once to judge or keep the mean, and once more to go on.
  void swap();

  const std::vector<at::Tensor>& means() const { return means_; }

 private:
  std::vector<at::Tensor> tensors_, means_;
  double decay_;
};

}  // namespace frugal::train
