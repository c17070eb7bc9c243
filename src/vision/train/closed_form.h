// What ridge regression and linear discriminant analysis share: a classifier that follows from the
// moments of the features, its regularization chosen, and its scores scaled to logits, by the least
// mean cross-entropy over five folds of photographs, stratified by class. A photograph's views are
// left out together, and its first one is judged; the only photograph of a class is never left out.
// n d² flops for the moments (n rows, d features); for each regularization tried six times what
// solving costs, and 2 n d c to score.
#pragma once

#include <functional>
#include <span>

#include "vision/train/head_fit.h"
#include "vision/train/moments.h"

namespace frugal::train {

// scores = weightᵀ x + offset, of centred features x
struct CentredLinear {
  Eigen::MatrixXd weight;  // (d, classes)
  Eigen::VectorXd offset;  // (classes)
};
// Throws NumericalError when nothing that weakly regularized can be solved.
using Solve = std::function<CentredLinear(double regularization)>;
// What all regularizations share of moments, which are around the mean of more than themselves.
using Prepare = std::function<Solve(const Moments& moments)>;

// tried: what is chosen from when options.regularization is 0, ascending. Arguments else as
// HeadTrainer::fit.
HeadFit fit_closed_form(const FeatureRows& rows, std::span<const std::size_t> labels,
                        std::size_t class_count, const HeadOptions& options,
                        std::span<const double> tried, const Prepare& prepare);

}  // namespace frugal::train
