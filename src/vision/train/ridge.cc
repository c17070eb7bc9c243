#include "vision/train/ridge.h"

#include <Eigen/Cholesky>
#include <algorithm>

#include "base/error.h"
#include "vision/train/closed_form.h"

namespace frugal::train {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kPenalties[] = {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

// The normal equations around the moments' own mean.
Solve prepare(const Moments& moments) {
  const double n = moments.count.sum();
  const VectorXd mean = moments.sum.rowwise().sum() / n;
  MatrixXd gram = moments.gram;
  gram.selfadjointView<Eigen::Lower>().rankUpdate(mean, -n);
  MatrixXd products = moments.sum - mean * moments.count.transpose();
  const double eigenvalue = std::max(gram.trace() / static_cast<double>(gram.rows()), 1e-12);
  return [=, frequency = VectorXd(moments.count / n)](double penalty) {
    MatrixXd regularized = gram;
    regularized.diagonal().array() += penalty * eigenvalue;
    const Eigen::LLT<MatrixXd> factor(regularized.selfadjointView<Eigen::Lower>());
    if (factor.info() != Eigen::Success)
      throw NumericalError("a ridge penalty that small cannot be solved for; raise ridge_penalty");
    CentredLinear made{factor.solve(products), frequency};
    made.offset -= made.weight.transpose() * mean;
    return made;
  };
}

}  // namespace

HeadFit fit_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                  std::size_t class_count, const HeadOptions& options) {
  return fit_closed_form(rows, labels, class_count, options, kPenalties, prepare);
}

}  // namespace frugal::train
