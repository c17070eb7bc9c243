// A linear classifier in closed form: ridge regression of one-hot classes on fixed features, its
// penalty chosen, and its scores scaled to logits, by predictions for each photograph that leave
// that photograph out (which cost no refit; PRESS, Golub, Heath & Wahba 1979: the leave-one-out
// residual is the residual divided by 1 − leverage).
//
// With X the centred features (n, d) and Y the centred one-hot classes (n, c):
//   W = (XᵀX + λI)⁻¹ XᵀY, leverage_i = x_iᵀ (XᵀX + λI)⁻¹ x_i + 1/n,
//   logits = τ (W x + b), τ minimizes the mean cross-entropy of the left-out predictions.
// n d² flops once, then d³/3 + n d² + 2 n d c for each λ tried: one Cholesky factor each, which
// for some ten λ costs no more than one eigendecomposition that serves them all.
#pragma once

#include <span>

#include "vision/train/head_fit.h"

namespace frugal::train {

// options.regularization: λ as a share of the mean eigenvalue of XᵀX; 0: the one with the least
// left-out loss. labels: as many as rows, two at least, below class_count. Throws NumericalError
// when features are not finite.
HeadFit fit_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                  std::size_t class_count, const HeadOptions& options = {});

}  // namespace frugal::train
