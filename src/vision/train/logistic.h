// Multinomial logistic regression on standardized features, by L-BFGS from zeros:
//   mean cross-entropy of softmax(W z + b) + λ/2 ‖W‖².
// Its logits are those of a probability model; no temperature is fitted.
// 4 n d c flops for each evaluation, by LibTorch's threads; the same bits with any number of them.
#pragma once

#include <Eigen/Core>
#include <span>

#include "vision/train/head_fit.h"

namespace frugal::train {

// The loss above and its gradient. x: W (classes, d) row by row, then b (classes).
class LogisticLoss {
 public:
  // All of it outlives this. labels: as HeadTrainer::fit's.
  LogisticLoss(const FeatureRows& rows, std::span<const std::size_t> labels,
               std::size_t class_count, const Standardization& standardization, double penalty);
  Eigen::Index size() const { return (features_ + 1) * classes_; }
  double operator()(const Eigen::VectorXf& x, Eigen::VectorXf& gradient) const;

 private:
  Eigen::Index label_of(Eigen::Index row) const {
    return static_cast<Eigen::Index>(labels_[static_cast<std::size_t>(row) % labels_.size()]);
  }
  double of_rows(const Eigen::VectorXf& x, Eigen::Index begin, Eigen::Index end,
                 Eigen::VectorXf& gradient) const;
  const FeatureRows& rows_;
  std::span<const std::size_t> labels_;
  Eigen::Index classes_, features_;
  const Standardization& standardization_;
  double penalty_;
};

// options.regularization: λ. Arguments as HeadTrainer::fit.
HeadFit fit_logistic(const FeatureRows& rows, std::span<const std::size_t> labels,
                     std::size_t class_count, const HeadOptions& options);

}  // namespace frugal::train
