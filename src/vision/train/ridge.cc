#include "vision/train/ridge.h"

#include <ATen/Parallel.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "vision/train/moments.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using Eigen::VectorXd;

constexpr std::size_t kParts = 4;  // of the rows, one for each thread
constexpr double kPenalties[] = {0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

// The data and what every penalty shares.
struct Problem {
  const FeatureRows& rows;
  std::span<const std::size_t> labels;
  std::vector<std::size_t> positions;  // 0 .. n − 1
  Eigen::VectorXf mean;                // (d)
  Moments moments;
  VectorXd frequency;  // of the classes (c)
  double mean_eigenvalue;
};

Problem make_problem(const FeatureRows& rows, std::span<const std::size_t> labels,
                     std::size_t class_count) {
  Problem p{rows, labels, {}, mean_of(rows), Moments(rows.feature_count, class_count), {}, 0};
  p.positions.resize(labels.size());
  std::iota(p.positions.begin(), p.positions.end(), std::size_t{0});
  std::vector<std::vector<std::size_t>> parts(kParts);
  for (const std::size_t i : p.positions) parts[i * kParts / labels.size()].push_back(i);
  for (const Moments& part : moments_of(rows, labels, class_count, p.mean, parts))
    p.moments += part;
  p.frequency = p.moments.count / static_cast<double>(labels.size());
  p.mean_eigenvalue =
      std::max(p.moments.gram.trace() / static_cast<double>(rows.feature_count), 1e-12);
  return p;
}

Scores left_out_scores(const Problem& p, const MatrixXf& factor, const MatrixXf& weight) {
  Scores scores(static_cast<Index>(p.labels.size()), weight.cols());
  const float each = 1 / static_cast<float>(p.labels.size());
  const Eigen::RowVectorXf frequency = p.frequency.cast<float>().transpose();
  const auto work = [&](std::span<const std::size_t> block) {
    const FeatureBlock x = centred(p.rows, block, p.mean);
    const auto begin = static_cast<Index>(block.front());
    auto fitted = scores.middleRows(begin, x.rows());
    fitted.noalias() = x * weight;
    fitted.rowwise() += frequency;
    const MatrixXf half = factor.triangularView<Eigen::Lower>().solve(x.transpose());
    for (Index i = 0; i < x.rows(); ++i) {
      const float kept = std::max(1 - half.col(i).squaredNorm() - each, 1e-5f);
      const auto label = static_cast<Index>(p.labels[block[static_cast<std::size_t>(i)]]);
      // y − (y − fitted) / kept, for y = 1 at the label and 0 elsewhere
      fitted.row(i) /= kept;
      fitted(i, label) += 1 - 1 / kept;
    }
  };
  const std::span<const std::size_t> all(p.positions);
  const std::size_t blocks = (all.size() + kBlockRows - 1) / kBlockRows;
  at::parallel_for(
      0, static_cast<std::int64_t>(blocks), 1, [&](std::int64_t first, std::int64_t last) {
        for (auto b = static_cast<std::size_t>(first); b < static_cast<std::size_t>(last); ++b)
          work(all.subspan(b * kBlockRows, std::min(kBlockRows, all.size() - b * kBlockRows)));
      });
  return scores;
}

HeadFit fit_with(const Problem& p, double penalty) {
  MatrixXd regularized = p.moments.gram;
  regularized.diagonal().array() += penalty * p.mean_eigenvalue;
  const Eigen::LLT<MatrixXd> factor(regularized.selfadjointView<Eigen::Lower>());
  if (factor.info() != Eigen::Success)
    throw NumericalError("a ridge penalty that small cannot be solved for; raise ridge_penalty");
  // The centring of Y adds nothing to XᵀY, since the columns of X sum to zero.
  const MatrixXd weight = factor.solve(p.moments.sum);
  const MatrixXd lower = factor.matrixL();
  const Calibration left_out =
      calibrate(left_out_scores(p, lower.cast<float>(), weight.cast<float>()), p.labels);
  return {linear_of(weight, p.frequency, p.mean, left_out.temperature), penalty,
          left_out.temperature, left_out.loss, left_out.accuracy};
}

}  // namespace

HeadFit fit_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                  std::size_t class_count, const HeadOptions& options) {
  FRUGAL_CHECK(labels.size() >= 2 && labels.size() == rows.rows.size());
  const Problem p = make_problem(rows, labels, class_count);
  if (options.regularization > 0) return fit_with(p, options.regularization);
  HeadFit best;
  best.left_out_loss = std::numeric_limits<double>::infinity();
  for (const double penalty : kPenalties) {
    HeadFit fit = fit_with(p, penalty);
    if (fit.left_out_loss < best.left_out_loss) best = std::move(fit);
  }
  return best;
}

}  // namespace frugal::train
