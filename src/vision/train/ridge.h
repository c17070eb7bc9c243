// A linear classifier in closed form: ridge regression of one-hot classes on fixed features, its
// penalty chosen, and its scores scaled to logits, by predictions for each photograph that leave
// that photograph out (which cost no refit; Golub, Heath & Wahba 1979; the leave-one-out residual
// is the residual divided by 1 − leverage).
//
// With X the centred features (n, d) and Y the centred one-hot classes (n, c):
//   W = (XᵀX + λI)⁻¹ XᵀY, leverage_i = x_iᵀ (XᵀX + λI)⁻¹ x_i + 1/n,
//   logits = τ (W x + b), τ minimizes the mean cross-entropy of the left-out predictions.
// n d² + d³/3 flops for each λ tried.
#pragma once

#include <span>

#include "vision/train/linear_head.h"

namespace frugal::train {

struct RidgeSummary {
  Linear linear;           // of raw features
  double penalty = 0;      // λ as a share of the mean eigenvalue of XᵀX
  double temperature = 1;  // τ
  double left_out_loss = 0;
  double left_out_accuracy = 0;
};

// labels: as many as rows, below class_count. Throws NumericalError when the features are not
// numbers.
RidgeSummary solve_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                         std::size_t class_count);

}  // namespace frugal::train
