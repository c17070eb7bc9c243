#include "vision/train/fixed_head.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::train {

FeatureRows rows_of(const FeatureFile& features, const std::vector<std::size_t>& photographs) {
  FeatureRows rows{{}, features.feature_count()};
  rows.rows.reserve(photographs.size());
  for (const std::size_t i : photographs) rows.rows.push_back(features.row(i).data());
  return rows;
}

void set_head(model::Network& network, const Linear& linear) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> parameters = network.head_parameters();
  FRUGAL_CHECK(parameters[0].numel() == static_cast<std::int64_t>(linear.weight.size()));
  FRUGAL_CHECK(parameters[1].numel() == static_cast<std::int64_t>(linear.bias.size()));
  std::copy(linear.weight.begin(), linear.weight.end(), parameters[0].data_ptr<float>());
  std::copy(linear.bias.begin(), linear.bias.end(), parameters[1].data_ptr<float>());
}

}  // namespace frugal::train
