#include "vision/train/closed_form.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace frugal::train {
namespace {

using Eigen::Index;

constexpr std::size_t kFolds = 5;

// The photographs of each fold, and last those that are never left out.
using Folds = std::vector<std::vector<std::size_t>>;

Folds stratified_folds(std::span<const std::size_t> labels, std::size_t class_count,
                       std::uint64_t seed) {
  Folds of_class(class_count), folds(kFolds + 1);
  for (const std::size_t i : RandomStream(seed).derive("folds").permutation(labels.size()))
    of_class[labels[i]].push_back(i);
  std::size_t next = 0;
  for (const auto& photographs : of_class)
    for (const std::size_t i : photographs)
      folds[photographs.size() == 1 ? kFolds : next++ % kFolds].push_back(i);
  return folds;
}

// Rows of all views of each fold's photographs.
Folds rows_of_folds(const Folds& folds, std::size_t photographs, std::size_t rows) {
  Folds result(folds.size());
  for (std::size_t fold = 0; fold < folds.size(); ++fold)
    for (std::size_t first = 0; first < rows; first += photographs)
      for (const std::size_t i : folds[fold]) result[fold].push_back(first + i);
  return result;
}

// Classifiers made without each fold, and what they say of it.
class CrossValidation {
 public:
  CrossValidation(const FeatureRows& rows, std::span<const std::size_t> labels,
                  const Eigen::VectorXf& mean, const Folds& folds,
                  const std::vector<Moments>& of_fold, const Moments& all, const Prepare& prepare)
      : rows_(rows), mean_(mean), folds_(folds), classes_(all.count.size()) {
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      Moments rest = all;
      rest -= of_fold[fold];
      without_.push_back(prepare(rest));
      begin_.push_back(labels_.size());
      for (const std::size_t i : folds_[fold]) labels_.push_back(labels[i]);
    }
  }

  bool empty() const { return labels_.empty(); }

  Calibration judge(double regularization) const {
    Scores scores(static_cast<Index>(labels_.size()), classes_);
    at::parallel_for(0, kFolds, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t fold = first; fold < last; ++fold)
        score(static_cast<std::size_t>(fold), regularization, scores);
    });
    return calibrate(scores, labels_);
  }

 private:
  void score(std::size_t fold, double regularization, Scores& scores) const {
    const std::span<const std::size_t> all(folds_[fold]);
    if (all.empty()) return;
    const CentredLinear made = without_[fold](regularization);
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
  const Folds& folds_;
  std::vector<Solve> without_;
  std::vector<std::size_t> begin_;   // of each fold in labels_
  std::vector<std::size_t> labels_;  // of all that is left out once, fold by fold
  Index classes_;
};

}  // namespace

HeadFit fit_closed_form(const FeatureRows& rows, std::span<const std::size_t> labels,
                        std::size_t class_count, const HeadOptions& options,
                        std::span<const double> tried, const Prepare& prepare) {
  FRUGAL_CHECK(labels.size() >= 2 && rows.rows.size() % labels.size() == 0);
  const Eigen::VectorXf mean = mean_of(rows);
  const Folds folds = stratified_folds(labels, class_count, options.seed);
  const auto of_fold = moments_of(rows, labels, class_count, mean,
                                  rows_of_folds(folds, labels.size(), rows.rows.size()));
  Moments all(rows.feature_count, class_count);
  for (const Moments& moments : of_fold) all += moments;
  const CrossValidation validation(rows, labels, mean, folds, of_fold, all, prepare);

  if (options.regularization > 0) tried = std::span(&options.regularization, 1);
  HeadFit fit{.regularization = tried.back()};
  if (!validation.empty()) {
    fit.left_out_loss = std::numeric_limits<double>::infinity();
    for (const double regularization : tried) {
      const Calibration left_out = validation.judge(regularization);
      if (left_out.loss >= fit.left_out_loss) continue;
      fit = {{}, regularization, left_out.temperature, left_out.loss, left_out.accuracy};
    }
  }
  const CentredLinear made = prepare(all)(fit.regularization);
  fit.linear = linear_of(made.weight, made.offset, mean, fit.temperature);
  return fit;
}

}  // namespace frugal::train
