// Ridge regression of one-hot classes on fixed features. With X the centred features (n, d) and Y
// the centred one-hot classes (n, c): W = (XᵀX + λI)⁻¹ XᵀY. λ and the scale of the logits as
// vision/train/closed_form.h says; d³/3 + 2 d² c flops to solve.
#pragma once

#include "vision/train/head_fit.h"

namespace frugal::train {

// options.regularization: λ as a share of the mean eigenvalue of XᵀX; 0: choose. Arguments as
// HeadTrainer::fit.
HeadFit fit_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                  std::size_t class_count, const HeadOptions& options = {});

}  // namespace frugal::train
