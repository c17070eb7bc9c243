#include "vision/train/sgd.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <utility>

#include "base/error.h"

namespace frugal::train {
namespace {

constexpr std::int64_t kGrain = 1 << 15;  // values a thread should have at least

void update(float* p, const float* gradient, float* v, std::int64_t n, const SgdOptions& options) {
  const auto rate = static_cast<float>(options.rate);
  const auto momentum = static_cast<float>(options.momentum);
  const auto decay = static_cast<float>(options.weight_decay);
  if (options.nesterov) {
    for (std::int64_t i = 0; i < n; ++i) {
      const float d = gradient[i] + decay * p[i];
      v[i] = momentum * v[i] + d;
      p[i] -= rate * (d + momentum * v[i]);
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      v[i] = momentum * v[i] + (gradient[i] + decay * p[i]);
      p[i] -= rate * v[i];
    }
  }
}

}  // namespace

Sgd::Sgd(std::vector<at::Tensor> parameters, std::vector<double> rate_factors)
    : parameters_(std::move(parameters)), rate_factors_(std::move(rate_factors)) {
  if (rate_factors_.empty()) rate_factors_.assign(parameters_.size(), 1);
  FRUGAL_CHECK(rate_factors_.size() == parameters_.size());
  for (const at::Tensor& parameter : parameters_) {
    FRUGAL_CHECK(parameter.is_cpu() && parameter.scalar_type() == at::kFloat);
    FRUGAL_CHECK(parameter.is_non_overlapping_and_dense());
    velocities_.push_back(at::zeros_like(parameter));
  }
}

void Sgd::step(const SgdOptions& options) {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& parameter = parameters_[i];
    at::Tensor gradient = parameter.grad();
    FRUGAL_CHECK(gradient.defined());
    if (gradient.strides() != parameter.strides())
      gradient = at::empty_like(parameter).copy_(gradient);
    SgdOptions own = options;
    own.rate *= rate_factors_[i];
    float* p = parameter.data_ptr<float>();
    float* v = velocities_[i].data_ptr<float>();
    const float* g = gradient.data_ptr<float>();
    at::parallel_for(0, parameter.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      update(p + begin, g + begin, v + begin, end - begin, own);
    });
    parameter.mutable_grad().reset();
  }
}

}  // namespace frugal::train
