// Weights and images by the formula of formula.py, to the last bit.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace frugal::model::golden {

inline at::Tensor uniform(const std::string& name, const std::vector<std::int64_t>& sizes,
                          double center, double radius) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : name) hash = (hash ^ c) * 0x100000001b3;
  at::Tensor tensor = at::empty(sizes, at::kFloat);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    std::uint64_t z = hash + static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z = z ^ (z >> 31);
    values[i] =
        static_cast<float>(center + radius * (static_cast<double>(z >> 40) * 0x1.0p-23 - 1.0));
  }
  return tensor;
}

inline at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& sizes) {
  if (name.ends_with("num_batches_tracked")) return at::scalar_tensor(7, at::kLong);
  if (sizes.size() >= 2) {
    double fan_in = 1;
    for (std::size_t i = 1; i < sizes.size(); ++i) fan_in *= static_cast<double>(sizes[i]);
    return uniform(name, sizes, 0, std::sqrt(6 / fan_in));
  }
  if (name.ends_with("running_var")) return uniform(name, sizes, 1, 0.5);
  if (name.ends_with("weight")) return uniform(name, sizes, 0.5, 0.25);
  return uniform(name, sizes, 0, 0.1);
}

inline at::Tensor images(const std::vector<std::int64_t>& sizes) {
  return uniform("images", sizes, 0, 2);
}

}  // namespace frugal::model::golden
