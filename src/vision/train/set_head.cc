#include "vision/train/set_head.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::train {

void set_head(model::Network& network, const Linear& linear) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> parameters = network.head_parameters();
  FRUGAL_CHECK(parameters[0].numel() == static_cast<std::int64_t>(linear.weight.size()));
  FRUGAL_CHECK(parameters[1].numel() == static_cast<std::int64_t>(linear.bias.size()));
  std::copy(linear.weight.begin(), linear.weight.end(), parameters[0].data_ptr<float>());
  std::copy(linear.bias.begin(), linear.bias.end(), parameters[1].data_ptr<float>());
}

}  // namespace frugal::train
