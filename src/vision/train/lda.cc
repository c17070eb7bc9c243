#include "vision/train/lda.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vision/train/closed_form.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kShrinkages[] = {0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9};
// Of the variance that is within classes: less is an accident of few photographs.
constexpr double kLeastShareWithin = 1e-3;

CentredLinear discriminant(const Eigen::LLT<MatrixXd>& covariance, const MatrixXd& mean,
                           const VectorXd& count) {
  CentredLinear made{covariance.solve(mean), VectorXd::Zero(count.size())};
  VectorXd mean_weight = VectorXd::Zero(mean.rows());
  double mean_offset = 0;
  const auto present = static_cast<double>((count.array() > 0).count());
  for (Index k = 0; k < count.size(); ++k) {
    if (count[k] == 0) continue;
    made.offset[k] = std::log(count[k] / count.sum()) - mean.col(k).dot(made.weight.col(k)) / 2;
    mean_weight += made.weight.col(k) / present;
    mean_offset += made.offset[k] / present;
  }
  for (Index k = 0; k < count.size(); ++k) {
    if (count[k] > 0) continue;
    made.weight.col(k) = mean_weight;
    made.offset[k] = mean_offset;
  }
  return made;
}

Solve prepare(const Moments& moments) {
  const VectorXd& count = moments.count;
  const double n = count.sum(), d = static_cast<double>(moments.gram.rows());
  MatrixXd mean = moments.sum;  // of each class
  for (Index k = 0; k < count.size(); ++k)
    if (count[k] > 0) mean.col(k) /= count[k];
  const MatrixXd scaled = mean * count.cwiseSqrt().asDiagonal();
  MatrixXd within = moments.gram;
  within.selfadjointView<Eigen::Lower>().rankUpdate(scaled, -1);
  within /= n;
  const double variance =
      std::max({within.trace() / d, kLeastShareWithin * moments.gram.trace() / (n * d), 1e-12});
  return [=](double shrinkage) {
    MatrixXd covariance = (1 - shrinkage) * within;
    covariance.diagonal().array() += shrinkage * variance;
    const Eigen::LLT<MatrixXd> factor(covariance.selfadjointView<Eigen::Lower>());
    if (factor.info() != Eigen::Success)
      throw NumericalError("the covariance of the features is singular; raise lda_shrinkage");
    return discriminant(factor, mean, count);
  };
}

}  // namespace

HeadFit fit_lda(const FeatureRows& rows, std::span<const std::size_t> labels,
                std::size_t class_count, const HeadOptions& options) {
  FRUGAL_CHECK(options.regularization >= 0 && options.regularization <= 1);
  return fit_closed_form(rows, labels, class_count, options, kShrinkages, prepare);
}

}  // namespace frugal::train
