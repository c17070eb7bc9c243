// Linear discriminant analysis of fixed features: normal classes that share one covariance, which
// is shrunk towards a multiple of the identity (Ledoit & Wolf 2004):
//   Σ_α = (1 − α) S + α (tr S / d) I, S the covariance within classes (n in the denominator),
//   score_k(x) = μ_kᵀ Σ_α⁻¹ x − ½ μ_kᵀ Σ_α⁻¹ μ_k + log π_k, logits = τ × scores.
// A class without photographs scores the mean of the others, which never wins. α and τ as
// vision/train/closed_form.h says; d³/3 + 2 d² c flops to solve.
#pragma once

#include "vision/train/head_fit.h"

namespace frugal::train {

// options.regularization: α, up to 1; 0: choose. Arguments as HeadTrainer::fit.
HeadFit fit_lda(const FeatureRows& rows, std::span<const std::size_t> labels,
                std::size_t class_count, const HeadOptions& options = {});

}  // namespace frugal::train
