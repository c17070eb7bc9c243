// Linear discriminant analysis of fixed features: normal classes that share one covariance, which
// is shrunk towards a multiple of the identity (Ledoit & Wolf 2004):
//   Σ_α = (1 − α) S + α (tr S / d) I, S the covariance within classes (n in the denominator),
//   score_k(x) = μ_kᵀ Σ_α⁻¹ x − ½ μ_kᵀ Σ_α⁻¹ μ_k + log π_k, logits = τ × scores.
// α, unless it is given, and τ minimize the mean cross-entropy over five folds, stratified by
// class; the only photograph of a class is never left out. A class without photographs scores the
// mean of the others, which never wins.
// n d² flops once; for each α 5 (d³/3 + 2 d² c) + 2 n d c.
#pragma once

#include <span>

#include "vision/train/head_fit.h"

namespace frugal::train {

// options.regularization: α, up to 1; 0: choose. labels: as many as rows, two at least, below
// class_count. Throws NumericalError when features are not finite.
HeadFit fit_lda(const FeatureRows& rows, std::span<const std::size_t> labels,
                std::size_t class_count, const HeadOptions& options = {});

}  // namespace frugal::train
