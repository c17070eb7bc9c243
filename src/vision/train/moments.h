// First and second moments of features, class by class: all that ridge regression and linear
// discriminant analysis read of the photographs. They add up, so that those of all but one part
// are a difference. Products in single precision within blocks of rows, sums in double.
// n d² flops (n rows, d features), by LibTorch's threads; the same bits with any number of them.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "vision/train/linear_head.h"

namespace frugal::train {

struct Moments {
  Eigen::VectorXd count;  // (classes): photographs
  Eigen::MatrixXd sum;    // (d, classes): of x − mean
  Eigen::MatrixXd gram;  // (d, d): Σ (x − mean)(x − mean)ᵀ; the lower triangle alone is filled in

  Moments(std::size_t feature_count, std::size_t class_count);
  Moments& operator+=(const Moments& other);
  Moments& operator-=(const Moments& other);
};

// Throws NumericalError when features are not finite.
Eigen::VectorXf mean_of(const FeatureRows& rows);

// Rows `positions` minus mean, (n, d).
using FeatureBlock = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
FeatureBlock centred(const FeatureRows& rows, std::span<const std::size_t> positions,
                     const Eigen::VectorXf& mean);
inline constexpr std::size_t kBlockRows = 512;  // a good size for such a block

// Of each part (positions of rows). labels: as HeadTrainer::fit's.
std::vector<Moments> moments_of(const FeatureRows& rows, std::span<const std::size_t> labels,
                                std::size_t class_count, const Eigen::VectorXf& mean,
                                const std::vector<std::vector<std::size_t>>& parts);

// weight: (d, classes), offset: (classes) of centred features, to a classifier of raw ones whose
// logits are `temperature` times as large.
Linear linear_of(const Eigen::MatrixXd& weight, const Eigen::VectorXd& offset,
                 const Eigen::VectorXf& mean, double temperature);

}  // namespace frugal::train
