#include "vision/train/lda.h"

#include <ATen/Parallel.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "vision/train/moments.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kFolds = 5;
constexpr double kShrinkages[] = {0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9};
// Of the variance that is within classes: less is an accident of few photographs.
constexpr double kLeastShareWithin = 1e-3;

// Positions of the photographs of each fold, and last of those that are never left out.
std::vector<std::vector<std::size_t>> stratified_folds(std::span<const std::size_t> labels,
                                                       std::size_t class_count,
                                                       std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> of_class(class_count), folds(kFolds + 1);
  for (const std::size_t i : RandomStream(seed).derive("folds").permutation(labels.size()))
    of_class[labels[i]].push_back(i);
  std::size_t next = 0;
  for (const auto& photographs : of_class)
    for (const std::size_t i : photographs)
      folds[photographs.size() == 1 ? kFolds : next++ % kFolds].push_back(i);
  return folds;
}

struct Discriminant {
  MatrixXd weight;  // (d, classes), of centred features
  VectorXd offset;  // (classes)
};

// What every α shares.
class Gaussians {
 public:
  explicit Gaussians(const Moments& moments) : count_(moments.count), mean_(moments.sum) {
    const double n = count_.sum();
    for (Index k = 0; k < count_.size(); ++k)
      if (count_[k] > 0) mean_.col(k) /= count_[k];
    const MatrixXd scaled = mean_ * count_.cwiseSqrt().asDiagonal();
    within_ = moments.gram;
    within_.selfadjointView<Eigen::Lower>().rankUpdate(scaled, -1);
    within_ /= n;
    const auto d = static_cast<double>(within_.rows());
    variance_ =
        std::max({within_.trace() / d, kLeastShareWithin * moments.gram.trace() / (n * d), 1e-12});
  }

  Discriminant shrunk(double shrinkage) const {
    MatrixXd covariance = (1 - shrinkage) * within_;
    covariance.diagonal().array() += shrinkage * variance_;
    const Eigen::LLT<MatrixXd> factor(covariance.selfadjointView<Eigen::Lower>());
    if (factor.info() != Eigen::Success)
      throw NumericalError("the covariance of the features is singular; raise lda_shrinkage");
    Discriminant made{factor.solve(mean_), VectorXd::Zero(count_.size())};
    VectorXd mean_weight = VectorXd::Zero(within_.rows());
    double mean_offset = 0;
    const auto present = static_cast<double>((count_.array() > 0).count());
    for (Index k = 0; k < count_.size(); ++k) {
      if (count_[k] == 0) continue;
      made.offset[k] =
          std::log(count_[k] / count_.sum()) - mean_.col(k).dot(made.weight.col(k)) / 2;
      mean_weight += made.weight.col(k) / present;
      mean_offset += made.offset[k] / present;
    }
    for (Index k = 0; k < count_.size(); ++k) {
      if (count_[k] > 0) continue;
      made.weight.col(k) = mean_weight;
      made.offset[k] = mean_offset;
    }
    return made;
  }

 private:
  VectorXd count_;   // (classes)
  MatrixXd mean_;    // (d, classes)
  MatrixXd within_;  // (d, d), lower triangle
  double variance_;  // what α shrinks towards
};

// The folds, each with the classes as they are without it.
class CrossValidation {
 public:
  CrossValidation(const FeatureRows& rows, std::span<const std::size_t> labels,
                  const Eigen::VectorXf& mean, std::vector<std::vector<std::size_t>> folds,
                  const std::vector<Moments>& of_fold, const Moments& all)
      : rows_(rows), mean_(mean), folds_(std::move(folds)) {
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      Moments rest = all;
      rest -= of_fold[fold];
      without_.emplace_back(rest);
      begin_.push_back(labels_.size());
      for (const std::size_t i : folds_[fold]) labels_.push_back(labels[i]);
    }
    classes_ = all.count.size();
  }

  bool empty() const { return labels_.empty(); }

  Calibration judge(double shrinkage) const {
    Scores scores(static_cast<Index>(labels_.size()), classes_);
    at::parallel_for(0, kFolds, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t fold = first; fold < last; ++fold)
        score(static_cast<std::size_t>(fold), shrinkage, scores);
    });
    return calibrate(scores, labels_);
  }

 private:
  void score(std::size_t fold, double shrinkage, Scores& scores) const {
    const std::span<const std::size_t> all(folds_[fold]);
    if (all.empty()) return;
    const Discriminant made = without_[fold].shrunk(shrinkage);
    const Eigen::MatrixXf weight = made.weight.cast<float>();
    const Eigen::RowVectorXf offset = made.offset.cast<float>().transpose();
    for (std::size_t begin = 0; begin < all.size(); begin += kBlockRows) {
      const auto block = all.subspan(begin, std::min(kBlockRows, all.size() - begin));
      auto out = scores.middleRows(static_cast<Index>(begin_[fold] + begin),
                                   static_cast<Index>(block.size()));
      out.noalias() = centred(rows_, block, mean_) * weight;
      out.rowwise() += offset;
    }
  }

  const FeatureRows& rows_;
  const Eigen::VectorXf& mean_;
  std::vector<std::vector<std::size_t>> folds_;
  std::vector<Gaussians> without_;
  std::vector<std::size_t> begin_;   // of each fold in labels_
  std::vector<std::size_t> labels_;  // of all that is left out once, fold by fold
  Index classes_ = 0;
};

}  // namespace

HeadFit fit_lda(const FeatureRows& rows, std::span<const std::size_t> labels,
                std::size_t class_count, const HeadOptions& options) {
  FRUGAL_CHECK(labels.size() >= 2 && labels.size() == rows.rows.size());
  FRUGAL_CHECK(options.regularization >= 0 && options.regularization <= 1);
  const Eigen::VectorXf mean = mean_of(rows);
  auto folds = stratified_folds(labels, class_count, options.seed);
  const auto of_fold = moments_of(rows, labels, class_count, mean, folds);
  Moments all(rows.feature_count, class_count);
  for (const Moments& moments : of_fold) all += moments;
  const CrossValidation validation(rows, labels, mean, std::move(folds), of_fold, all);

  HeadFit fit{.regularization = options.regularization > 0 ? options.regularization : 1};
  if (!validation.empty()) {
    fit.left_out_loss = std::numeric_limits<double>::infinity();
    const std::span<const double> tried =
        options.regularization > 0 ? std::span(&options.regularization, 1) : std::span(kShrinkages);
    for (const double shrinkage : tried) {
      const Calibration left_out = validation.judge(shrinkage);
      if (left_out.loss >= fit.left_out_loss) continue;
      fit = {{}, shrinkage, left_out.temperature, left_out.loss, left_out.accuracy};
    }
  }
  const Discriminant made = Gaussians(all).shrunk(fit.regularization);
  fit.linear = linear_of(made.weight, made.offset, mean, fit.temperature);
  return fit;
}

}  // namespace frugal::train
