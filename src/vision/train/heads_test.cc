#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "vision/train/evaluation.h"
#include "vision/train/heads.h"
#include "vision/train/lbfgs.h"
#include "vision/train/lda.h"
#include "vision/train/logistic.h"
#include "vision/train/ridge.h"

namespace frugal::train {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Features around a centre of each class; labels in turn.
struct Data {
  std::size_t features, classes;
  std::vector<float> values;
  std::vector<std::size_t> labels;

  Data(std::size_t n, std::size_t feature_count, std::size_t class_count, double noise)
      : features(feature_count), classes(class_count) {
    RandomStream random(5);
    for (std::size_t i = 0; i < n; ++i) {
      labels.push_back(i % classes);
      RandomStream center = RandomStream(9).derive(labels.back());
      for (std::size_t j = 0; j < features; ++j)
        values.push_back(static_cast<float>(3 + center.normal() + noise * random.normal()));
    }
  }
  FeatureRows rows() const {
    FeatureRows rows{{}, features};
    for (std::size_t i = 0; i < labels.size(); ++i)
      rows.rows.push_back(values.data() + i * features);
    return rows;
  }
  VectorXd row(std::size_t i) const {
    return Eigen::Map<const Eigen::VectorXf>(values.data() + i * features,
                                             static_cast<Index>(features))
        .cast<double>();
  }
};

std::vector<float> logits(const Linear& linear, const FeatureRows& rows) {
  const Standardization none{std::vector<float>(linear.features, 0),
                             std::vector<float>(linear.features, 1)};
  return LinearHead(linear, none).logits(rows);
}

double accuracy(const HeadFit& fit, const Data& data) {
  return judge(logits(fit.linear, data.rows()), data.labels, data.classes).accuracy;
}

bool is_finite(const Linear& linear) {
  const auto finite = [](float value) { return std::isfinite(value); };
  return std::all_of(linear.weight.begin(), linear.weight.end(), finite) &&
         std::all_of(linear.bias.begin(), linear.bias.end(), finite);
}

HeadFit fit_by(const HeadTrainer& trainer, const Data& data) {
  return trainer.fit(data.rows(), data.labels, data.classes,
                     {.regularization = Recipe{}.*trainer.regularization, .seed = 3});
}

TEST(Ridge, SolvesTheNormalEquations) {
  const Data data(60, 5, 3, 2);
  const double penalty = 0.2;
  const HeadFit fit = fit_ridge(data.rows(), data.labels, 3, {.regularization = penalty});
  EXPECT_EQ(fit.regularization, penalty);
  // [x 1] with no penalty on the last column, as one system.
  MatrixXd x(60, 6), y = MatrixXd::Zero(60, 3);
  for (Index i = 0; i < 60; ++i) {
    x.row(i) << data.row(static_cast<std::size_t>(i)).transpose(), 1;
    y(i, static_cast<Index>(data.labels[static_cast<std::size_t>(i)])) = 1;
  }
  const MatrixXd features = x.leftCols(5);
  const MatrixXd centred = features.rowwise() - features.colwise().mean();
  MatrixXd normal = x.transpose() * x;
  normal.diagonal().head(5).array() += penalty * centred.squaredNorm() / 5;
  const MatrixXd solution = normal.fullPivLu().solve(x.transpose() * y);
  for (Index k = 0; k < 3; ++k) {
    for (Index j = 0; j < 5; ++j)
      EXPECT_NEAR(fit.linear.weight[static_cast<std::size_t>(k * 5 + j)],
                  fit.temperature * solution(j, k), 1e-4);
    EXPECT_NEAR(fit.linear.bias[static_cast<std::size_t>(k)], fit.temperature * solution(5, k),
                1e-3);
  }
}

TEST(Lda, FollowsItsFormulaPhotographByPhotograph) {
  const Data data(70, 4, 3, 1.5);
  const double shrinkage = 0.3;
  const HeadFit fit = fit_lda(data.rows(), data.labels, 3, {.regularization = shrinkage});
  MatrixXd mean = MatrixXd::Zero(4, 3);
  VectorXd count = VectorXd::Zero(3);
  for (std::size_t i = 0; i < 70; ++i) {
    mean.col(static_cast<Index>(data.labels[i])) += data.row(i);
    count[static_cast<Index>(data.labels[i])] += 1;
  }
  for (Index k = 0; k < 3; ++k) mean.col(k) /= count[k];
  MatrixXd within = MatrixXd::Zero(4, 4);
  for (std::size_t i = 0; i < 70; ++i) {
    const VectorXd away = data.row(i) - mean.col(static_cast<Index>(data.labels[i]));
    within += away * away.transpose() / 70;
  }
  const MatrixXd covariance =
      (1 - shrinkage) * within + shrinkage * within.trace() / 4 * MatrixXd::Identity(4, 4);
  const MatrixXd inverse = covariance.inverse();
  const auto found = logits(fit.linear, data.rows());
  // The log density of each class, up to what all classes share.
  for (std::size_t i = 0; i < 70; ++i) {
    VectorXd expected(3);
    for (Index k = 0; k < 3; ++k) {
      const VectorXd away = data.row(i) - mean.col(k);
      expected[k] = fit.temperature * (std::log(count[k] / 70) - away.dot(inverse * away) / 2);
    }
    for (std::size_t k = 1; k < 3; ++k)
      EXPECT_NEAR(found[i * 3 + k] - found[i * 3], expected[static_cast<Index>(k)] - expected[0],
                  2e-3);
  }
}

TEST(Lda, ChoosesTheShrinkageWithTheLeastLossLeftOut) {
  const Data data(90, 20, 3, 2);
  const HeadFit best = fit_lda(data.rows(), data.labels, 3, {.seed = 4});
  for (const double shrinkage : {0.01, 0.1, 0.5, 0.9}) {
    const HeadFit given =
        fit_lda(data.rows(), data.labels, 3, {.regularization = shrinkage, .seed = 4});
    EXPECT_LE(best.left_out_loss, given.left_out_loss);
  }
  EXPECT_LT(best.left_out_loss, std::log(3));
}

// Labels drawn by chance cannot be foreseen, however well a fit that has seen them knows them.
TEST(Ridge, JudgesPhotographsByFitsWithoutThem) {
  const Data data(60, 30, 3, 1.5);
  const HeadFit fit = fit_ridge(data.rows(), data.labels, 3, {.regularization = 0.1, .seed = 7});
  Data random_labels = data;
  RandomStream random(8);
  for (std::size_t& label : random_labels.labels) label = random.below(3);
  const HeadFit noise =
      fit_ridge(random_labels.rows(), random_labels.labels, 3, {.regularization = 0.1, .seed = 7});
  EXPECT_GT(fit.left_out_accuracy, 0.6);
  EXPECT_GT(accuracy(noise, random_labels), 0.8);
  EXPECT_LT(noise.left_out_accuracy, 0.55);  // by chance a third
  EXPECT_GT(noise.left_out_loss, std::log(3) - 0.05);
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrocksFunction) {
  Eigen::VectorXf x(2);
  x << -1.2f, 1;
  const LbfgsSummary summary = minimize(
      [](const Eigen::VectorXf& at, Eigen::VectorXf& gradient) {
        const double a = at[0], b = at[1], valley = b - a * a;
        gradient << static_cast<float>(-400 * a * valley - 2 * (1 - a)),
            static_cast<float>(200 * valley);
        return 100 * valley * valley + (1 - a) * (1 - a);
      },
      x, {.gradient_tolerance = 1e-4, .decrease_tolerance = 0});
  EXPECT_TRUE(summary.converged);
  EXPECT_NEAR(x[0], 1, 2e-3);
  EXPECT_NEAR(x[1], 1, 4e-3);
}

TEST(Lbfgs, RefusesAStartThatIsNotANumber) {
  Eigen::VectorXf x = Eigen::VectorXf::Zero(1);
  const auto undefined = [](const Eigen::VectorXf&, Eigen::VectorXf&) { return std::nan(""); };
  EXPECT_THROW(minimize(undefined, x), NumericalError);
}

TEST(Logistic, TheGradientIsThatOfFiniteDifferences) {
  const Data data(23, 4, 3, 2);
  const FeatureRows rows = data.rows();
  const Standardization standardization = standardization_of(rows);
  const LogisticLoss loss(rows, data.labels, 3, standardization, 0.3);
  Eigen::VectorXf x(loss.size()), gradient(loss.size()), unused(loss.size());
  RandomStream random(2);
  for (float& value : x) value = static_cast<float>(random.normal());
  loss(x, gradient);
  for (Index i = 0; i < x.size(); ++i) {
    constexpr float kStep = 1e-2f;
    Eigen::VectorXf up = x, down = x;
    up[i] += kStep;
    down[i] -= kStep;
    EXPECT_NEAR(gradient[i], (loss(up, unused) - loss(down, unused)) / (2 * double{kStep}), 2e-3);
  }
}

// Two classes, one feature that is −1 or 1, right three times in four: by symmetry W = (−w, w),
// b = 0, and the loss log(1 + e^{−2w}) × ¾ + log(1 + e^{2w}) × ¼ + λ w² is least where its slope
// is zero.
TEST(Logistic, FindsAKnownOptimum) {
  const std::vector<float> values = {-1, -1, -1, 1, 1, 1, 1, -1};
  const std::vector<std::size_t> labels = {0, 0, 0, 0, 1, 1, 1, 1};
  FeatureRows rows{{}, 1};
  for (const float& value : values) rows.rows.push_back(&value);
  const HeadFit fit = fit_logistic(rows, labels, 2, {.regularization = 0.1});
  double low = 0, high = 5;  // bisection on the slope
  for (int i = 0; i < 60; ++i) {
    const double w = (low + high) / 2;
    const double slope = -1.5 / (1 + std::exp(2 * w)) + 0.5 / (1 + std::exp(-2 * w)) + 0.2 * w;
    (slope < 0 ? low : high) = w;
  }
  EXPECT_NEAR(fit.linear.weight[1], low, 1e-3);
  EXPECT_NEAR(fit.linear.weight[0], -low, 1e-3);
  EXPECT_NEAR(fit.linear.bias[1], fit.linear.bias[0], 1e-3);
}

// What holds for every trainer in the table.
class EveryHead : public testing::TestWithParam<HeadTrainer> {};

TEST_P(EveryHead, LearnsWhatCanBeSeparated) {
  const Data data(120, 10, 6, 0.2);
  EXPECT_EQ(accuracy(fit_by(GetParam(), data), data), 1);
}

// A photograph and a copy of it as two views are judged together: nothing is learned from the copy
// of what is left out.
TEST_P(EveryHead, CopiesAsViewsChangeNothing) {
  const Data data(90, 30, 3, 2);
  const FeatureRows once_each = data.rows();
  FeatureRows twice = once_each;
  twice.rows.insert(twice.rows.end(), once_each.rows.begin(), once_each.rows.end());
  const HeadTrainer& trainer = GetParam();
  const HeadOptions options{.regularization = Recipe{}.*trainer.regularization, .seed = 3};
  const HeadFit once = trainer.fit(data.rows(), data.labels, data.classes, options);
  const HeadFit both = trainer.fit(twice, data.labels, data.classes, options);
  EXPECT_NEAR(both.left_out_loss, once.left_out_loss, 1e-4);
  EXPECT_EQ(both.left_out_accuracy, once.left_out_accuracy);
  const auto expected = logits(once.linear, data.rows()), found = logits(both.linear, data.rows());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-2);
}

TEST_P(EveryHead, GivesTheSameBitsTwice) {
  const Data data(120, 10, 6, 2);
  EXPECT_EQ(fit_by(GetParam(), data).linear, fit_by(GetParam(), data).linear);
}

TEST_P(EveryHead, GivesProbabilitiesBetterThanAGuess) {
  const Data data(300, 8, 4, 2);
  const HeadFit fit = fit_by(GetParam(), data);
  const Evaluation fitted = judge(logits(fit.linear, data.rows()), data.labels, 4);
  EXPECT_LT(fitted.loss, std::log(4));
}

TEST_P(EveryHead, LeavesConstantFeaturesAlone) {
  Data data(60, 5, 3, 0.2);
  for (std::size_t i = 0; i < 60; ++i) data.values[i * 5 + 4] = 2.5f;
  EXPECT_EQ(accuracy(fit_by(GetParam(), data), data), 1);
  std::fill(data.values.begin(), data.values.end(), 1.0f);
  EXPECT_TRUE(is_finite(fit_by(GetParam(), data).linear));
}

TEST_P(EveryHead, TakesAClassWithOnePhotograph) {
  Data data(61, 6, 3, 0.2);
  for (std::size_t i = 0; i < 61; ++i) data.labels[i] = i % 3 == 0 ? 0 : 1;
  data.classes = 3;
  data.labels[60] = 2;
  const HeadFit fit = fit_by(GetParam(), data);
  EXPECT_TRUE(is_finite(fit.linear));
  EXPECT_GE(accuracy(fit, data), 0.9);
}

TEST_P(EveryHead, TakesNothingButSinglePhotographs) {
  const Data data(4, 6, 4, 1);
  EXPECT_TRUE(is_finite(fit_by(GetParam(), data).linear));
}

TEST_P(EveryHead, TakesMoreFeaturesThanPhotographs) {
  const Data data(12, 40, 3, 0.2);
  EXPECT_EQ(accuracy(fit_by(GetParam(), data), data), 1);
}

TEST_P(EveryHead, NeverAnswersAClassWithoutPhotographs) {
  Data data(60, 6, 3, 1);
  data.classes = 4;
  const HeadFit fit = fit_by(GetParam(), data);
  EXPECT_TRUE(is_finite(fit.linear));
  for (const std::size_t answer :
       judge(logits(fit.linear, data.rows()), data.labels, 4).predictions)
    EXPECT_NE(answer, 3u);
}

TEST_P(EveryHead, RefusesFeaturesThatAreNotNumbers) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Data data(30, 4, 3, 1);
    data.values[17] = bad;
    EXPECT_THROW(fit_by(GetParam(), data), NumericalError);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryHead, testing::ValuesIn(head_trainers()),
                         [](const auto& row) { return to_string(row.param.head); });

}  // namespace
}  // namespace frugal::train
