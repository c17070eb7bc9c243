#include "vision/train/logistic.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "vision/train/lbfgs.h"
#include "vision/train/moments.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::VectorXf;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t kStrips = 4;  // of rows; a sum's order does not depend on the threads
constexpr Index kBlock = 256;        // rows at a time

}  // namespace

LogisticLoss::LogisticLoss(const FeatureRows& rows, std::span<const std::size_t> labels,
                           std::size_t class_count, const Standardization& standardization,
                           double penalty)
    : rows_(rows),
      labels_(labels),
      classes_(static_cast<Index>(class_count)),
      features_(static_cast<Index>(rows.feature_count)),
      standardization_(standardization),
      penalty_(penalty) {}

// Sums, not means.
double LogisticLoss::of_rows(const VectorXf& x, Index begin, Index end, VectorXf& gradient) const {
  const Eigen::Map<const RowMajor> weight(x.data(), classes_, features_);
  const auto bias = x.tail(classes_);
  Eigen::Map<RowMajor> weight_gradient(gradient.data(), classes_, features_);
  const Eigen::Map<const VectorXf> mean(standardization_.mean.data(), features_);
  const Eigen::Map<const VectorXf> scale(standardization_.scale.data(), features_);
  double loss = 0;
  for (; begin < end; begin += kBlock) {
    const Index n = std::min(kBlock, end - begin);
    RowMajor z(n, features_);
    for (Index i = 0; i < n; ++i)
      z.row(i) =
          (Eigen::Map<const VectorXf>(rows_.rows[static_cast<std::size_t>(begin + i)], features_) -
           mean)
              .cwiseProduct(scale)
              .transpose();
    RowMajor scores = z * weight.transpose();
    scores.rowwise() += bias.transpose();
    for (Index i = 0; i < n; ++i) {
      auto row = scores.row(i);
      float& of_label = scores(i, label_of(begin + i));
      const float largest = row.maxCoeff(), label_score = of_label;
      row = (row.array() - largest).exp();
      const float total = row.sum();
      loss += std::log(total) + largest - label_score;
      row /= total;
      of_label -= 1;
    }
    weight_gradient.noalias() += scores.transpose() * z;
    gradient.tail(classes_) += scores.colwise().sum().transpose();
  }
  return loss;
}

double LogisticLoss::operator()(const VectorXf& x, VectorXf& gradient) const {
  const auto n = static_cast<Index>(rows_.rows.size());
  std::array<double, kStrips> losses{};
  std::array<VectorXf, kStrips> gradients;
  at::parallel_for(0, kStrips, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t strip = first; strip < last; ++strip) {
      const auto s = static_cast<std::size_t>(strip);
      gradients[s] = VectorXf::Zero(size());
      losses[s] = of_rows(x, n * strip / kStrips, n * (strip + 1) / kStrips, gradients[s]);
    }
  });
  const Index weights = classes_ * features_;
  double loss = penalty_ / 2 * static_cast<double>(x.head(weights).squaredNorm());
  gradient.setZero(size());
  gradient.head(weights) = static_cast<float>(penalty_) * x.head(weights);
  for (std::size_t s = 0; s < gradients.size(); ++s) {
    loss += losses[s] / static_cast<double>(n);
    gradient += gradients[s] / static_cast<float>(n);
  }
  return loss;
}

HeadFit fit_logistic(const FeatureRows& rows, std::span<const std::size_t> labels,
                     std::size_t class_count, const HeadOptions& options) {
  FRUGAL_CHECK(labels.size() >= 2 && rows.rows.size() % labels.size() == 0);
  mean_of(rows);  // throws when they are not finite
  const Standardization standardization = standardization_of(rows);
  const LogisticLoss loss(rows, labels, class_count, standardization, options.regularization);
  VectorXf x = VectorXf::Zero(loss.size());
  minimize(std::ref(loss), x);
  Linear linear(class_count, rows.feature_count);
  const auto weights = static_cast<std::ptrdiff_t>(linear.weight.size());
  std::copy(x.begin(), x.begin() + weights, linear.weight.begin());
  std::copy(x.begin() + weights, x.end(), linear.bias.begin());
  return {.linear = folded(linear, standardization), .regularization = options.regularization};
}

}  // namespace frugal::train
