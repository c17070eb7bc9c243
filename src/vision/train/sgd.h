// Stochastic gradient descent with momentum over a network's tensors: torch.optim.SGD in one pass
// over memory (parameter, gradient and velocity are each read once, two of them written once),
// which is what a step of small batches mostly waits for.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "vision/train/learner.h"

namespace frugal::train {

class Sgd {
 public:
  // parameters: fp32, on the CPU; kept, and changed in place. rate_factors: one each, times the
  // rate of a step; none: 1.
  explicit Sgd(std::vector<at::Tensor> parameters, std::vector<double> rate_factors = {});

  // Takes the gradients away. Every parameter must have one.
  void step(const SgdOptions& options);

  // v of each parameter, in the parameter's own memory layout.
  const std::vector<at::Tensor>& velocities() const { return velocities_; }

 private:
  std::vector<at::Tensor> parameters_, velocities_;
  std::vector<double> rate_factors_;
};

}  // namespace frugal::train
