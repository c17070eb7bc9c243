#include "vision/train/ridge.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Scores = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr Index kBlock = 512;  // rows in double precision at a time
constexpr double kPenalties[] = {1e-3, 1e-2, 1e-1, 1, 10};

// The data and what every penalty shares.
struct Problem {
  const FeatureRows& rows;
  std::span<const std::size_t> labels;
  VectorXd mean, frequency;  // of the features (d), of the classes (c)
  MatrixXd gram, moment;     // XᵀX (d, d), XᵀY (d, c)

  Index count() const { return static_cast<Index>(labels.size()); }
  // Rows begin .. begin + n, centred.
  MatrixXd block(Index begin, Index n) const {
    MatrixXd x(n, mean.size());
    for (Index i = 0; i < n; ++i)
      x.row(i) = Eigen::Map<const Eigen::VectorXf>(rows.rows[static_cast<std::size_t>(begin + i)],
                                                   mean.size())
                     .cast<double>()
                     .transpose() -
                 mean.transpose();
    return x;
  }
  Index label(Index i) const { return static_cast<Index>(labels[static_cast<std::size_t>(i)]); }
};

template <typename Work>
void for_each_block(Index count, const Work& work) {
  for (Index begin = 0; begin < count; begin += kBlock)
    work(begin, std::min(kBlock, count - begin));
}

Problem make_problem(const FeatureRows& rows, std::span<const std::size_t> labels,
                     std::size_t class_count) {
  const auto d = static_cast<Index>(rows.feature_count), c = static_cast<Index>(class_count);
  Problem p{rows,
            labels,
            VectorXd::Zero(d),
            VectorXd::Zero(c),
            MatrixXd::Zero(d, d),
            MatrixXd::Zero(d, c)};
  const auto n = static_cast<double>(labels.size());
  for (Index i = 0; i < p.count(); ++i) p.frequency[p.label(i)] += 1 / n;
  VectorXd mean = VectorXd::Zero(d);
  for_each_block(p.count(), [&](Index begin, Index size) {
    mean += p.block(begin, size).colwise().sum().transpose() / n;
  });
  p.mean = mean;
  for_each_block(p.count(), [&](Index begin, Index size) {
    const MatrixXd x = p.block(begin, size);
    p.gram.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
    // The centring of Y adds nothing to XᵀY, since the columns of X sum to zero.
    for (Index i = 0; i < size; ++i) p.moment.col(p.label(begin + i)) += x.row(i).transpose();
  });
  return p;
}

// Mean cross-entropy of softmax(τ × scores), and its first two derivatives by τ.
struct Entropy {
  double loss = 0, slope = 0, curvature = 0;
};
Entropy entropy(const Scores& scores, const Problem& p, double temperature) {
  Entropy sum;
  Eigen::ArrayXf weight(scores.cols());
  for (Index i = 0; i < scores.rows(); ++i) {
    const auto row = scores.row(i).transpose().array();
    const auto tau = static_cast<float>(temperature);
    const float largest = row.maxCoeff();
    weight = (tau * (row - largest)).exp();
    const float total = weight.sum();
    const float mean = (weight * row).sum() / total;
    sum.loss += std::log(total) + tau * (largest - scores(i, p.label(i)));
    sum.slope += mean - scores(i, p.label(i));
    sum.curvature += (weight * (row - mean).square()).sum() / total;
  }
  const auto n = static_cast<double>(scores.rows());
  return {sum.loss / n, sum.slope / n, sum.curvature / n};
}

// Newton's method from 0, where the loss is that of a uniform guess. The loss is convex in τ, so
// that a step that overshoots is halved.
double best_temperature(const Scores& scores, const Problem& p) {
  double tau = 0;
  Entropy at = entropy(scores, p, tau);
  for (int iteration = 0; iteration < 30; ++iteration) {
    double change = -at.slope / std::max(at.curvature, 1e-12);
    Entropy next = entropy(scores, p, tau + change);
    for (int half = 0; half < 20 && next.loss > at.loss; ++half)
      next = entropy(scores, p, tau + (change /= 2));
    if (next.loss > at.loss - 1e-6) break;
    tau += change;
    at = next;
  }
  return tau;
}

Scores left_out_scores(const Problem& p, const Eigen::LLT<MatrixXd>& factor,
                       const MatrixXd& weight) {
  Scores scores(p.count(), weight.cols());
  const double each = 1 / static_cast<double>(p.count());
  for_each_block(p.count(), [&](Index begin, Index size) {
    const MatrixXd x = p.block(begin, size);
    MatrixXd fitted = x * weight;
    fitted.rowwise() += p.frequency.transpose();
    const MatrixXd half = factor.matrixL().solve(x.transpose());
    for (Index i = 0; i < size; ++i) {
      const double kept = std::max(1 - half.col(i).squaredNorm() - each, 1e-6);
      VectorXd target = VectorXd::Zero(weight.cols());
      target[p.label(begin + i)] = 1;
      scores.row(begin + i) =
          (target.transpose() - (target.transpose() - fitted.row(i)) / kept).cast<float>();
    }
  });
  return scores;
}

double accuracy(const Scores& scores, const Problem& p) {
  Index right = 0, best = 0;
  for (Index i = 0; i < scores.rows(); ++i) {
    scores.row(i).maxCoeff(&best);
    right += best == p.label(i);
  }
  return static_cast<double>(right) / static_cast<double>(scores.rows());
}

Linear linear_of(const MatrixXd& weight, const Problem& p, double temperature) {
  Linear linear(static_cast<std::size_t>(weight.cols()), static_cast<std::size_t>(weight.rows()));
  const VectorXd bias = p.frequency - weight.transpose() * p.mean;
  for (Index k = 0; k < weight.cols(); ++k) {
    linear.bias[static_cast<std::size_t>(k)] = static_cast<float>(temperature * bias[k]);
    for (Index j = 0; j < weight.rows(); ++j)
      linear.weight[static_cast<std::size_t>(k * weight.rows() + j)] =
          static_cast<float>(temperature * weight(j, k));
  }
  return linear;
}

}  // namespace

RidgeSummary solve_ridge(const FeatureRows& rows, std::span<const std::size_t> labels,
                         std::size_t class_count) {
  FRUGAL_CHECK(labels.size() >= 2 && labels.size() == rows.rows.size());
  const Problem p = make_problem(rows, labels, class_count);
  const double mean_eigenvalue =
      std::max(p.gram.trace() / static_cast<double>(p.gram.rows()), 1e-12);
  if (!std::isfinite(mean_eigenvalue))
    throw NumericalError("the features that the network computes are not numbers");

  RidgeSummary best;
  best.left_out_loss = std::numeric_limits<double>::infinity();
  for (const double penalty : kPenalties) {
    MatrixXd regularized = p.gram;
    regularized.diagonal().array() += penalty * mean_eigenvalue;
    const Eigen::LLT<MatrixXd> factor(regularized.selfadjointView<Eigen::Lower>());
    const MatrixXd weight = factor.solve(p.moment);
    const Scores scores = left_out_scores(p, factor, weight);
    const double temperature = best_temperature(scores, p);
    const double loss = entropy(scores, p, temperature).loss;
    if (loss >= best.left_out_loss) continue;
    best = {linear_of(weight, p, temperature), penalty, temperature, loss, accuracy(scores, p)};
  }
  return best;
}

}  // namespace frugal::train
