#include "vision/train/linear_head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "vision/train/evaluation.h"
#include "vision/train/ridge.h"

namespace frugal::train {
namespace {

// Features around a centre of each class, far from standardized; the last never changes.
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
      for (std::size_t j = 0; j + 1 < features; ++j)
        values.push_back(static_cast<float>(3 + center.normal() + noise * random.normal()));
      values.push_back(2.5f);
    }
  }
  FeatureRows rows() const {
    FeatureRows rows{{}, features};
    for (std::size_t i = 0; i < labels.size(); ++i)
      rows.rows.push_back(values.data() + i * features);
    return rows;
  }
};

// scores[k] = weight[k] · x + bias[k], the plain way.
std::vector<float> plain_logits(const Linear& linear, const FeatureRows& rows) {
  std::vector<float> logits;
  for (const float* row : rows.rows)
    for (std::size_t k = 0; k < linear.classes; ++k) {
      double sum = linear.bias[k];
      for (std::size_t j = 0; j < linear.features; ++j)
        sum += double{linear.weight[k * linear.features + j]} * double{row[j]};
      logits.push_back(static_cast<float>(sum));
    }
  return logits;
}

Standardization identity(std::size_t features) {
  return {std::vector<float>(features, 0), std::vector<float>(features, 1)};
}

Linear random_linear(std::size_t classes, std::size_t features) {
  Linear linear(classes, features);
  RandomStream random(3);
  for (float& w : linear.weight) w = static_cast<float>(0.3 * random.normal());
  for (float& b : linear.bias) b = static_cast<float>(random.normal());
  return linear;
}

TEST(LinearHead, StepFollowsTheGradientByFiniteDifferences) {
  const Data data(7, 5, 3, 1);
  const Linear start = random_linear(3, 5);
  LinearHead head(start, identity(5));
  const double loss = head.step(data.rows(), data.labels, {.rate = 1});
  EXPECT_NEAR(loss, judge(plain_logits(start, data.rows()), data.labels, 3).loss, 1e-5);
  const auto slope = [&](auto&& member) {
    constexpr float kStep = 1e-2f;
    Linear up = start, down = start;
    member(up) += kStep;
    member(down) -= kStep;
    return (judge(plain_logits(up, data.rows()), data.labels, 3).loss -
            judge(plain_logits(down, data.rows()), data.labels, 3).loss) /
           (2 * kStep);
  };
  for (std::size_t i = 0; i < start.weight.size(); ++i)
    EXPECT_NEAR(start.weight[i] - head.linear().weight[i],
                slope([&](Linear& l) -> float& { return l.weight[i]; }), 2e-3);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_NEAR(start.bias[k] - head.linear().bias[k],
                slope([&](Linear& l) -> float& { return l.bias[k]; }), 2e-3);
}

TEST(LinearHead, MomentumNesterovAndDecayFollowTheirFormula) {
  const Data data(6, 4, 2, 1);
  for (const bool nesterov : {false, true}) {
    const SgdOptions options{
        .rate = 0.1, .momentum = 0.8, .nesterov = nesterov, .weight_decay = 0.05};
    Linear expected = random_linear(2, 4);
    std::vector<double> velocity(expected.weight.size());
    LinearHead head(expected, identity(4));
    for (int step = 0; step < 4; ++step) {
      LinearHead probe(head.linear(), identity(4));  // its step of rate 1 is the gradient
      probe.step(data.rows(), data.labels, {.rate = 1});
      const Linear before = head.linear();
      head.step(data.rows(), data.labels, options);
      for (std::size_t i = 0; i < velocity.size(); ++i) {
        const double gradient = before.weight[i] - probe.linear().weight[i];
        const double d = gradient + 0.05 * before.weight[i];
        velocity[i] = 0.8 * velocity[i] + d;
        const double change = nesterov ? d + 0.8 * velocity[i] : velocity[i];
        EXPECT_NEAR(head.linear().weight[i], before.weight[i] - 0.1 * change, 1e-5);
      }
    }
  }
}

TEST(LinearHead, FoldingGivesTheSameLogitsOnRawFeatures) {
  const Data data(50, 8, 4, 1);
  const Standardization standardization = standardization_of(data.rows());
  EXPECT_EQ(standardization.scale.back(), 0);  // the feature that never changes
  const LinearHead head(random_linear(4, 8), standardization);
  const auto standardized = head.logits(data.rows());
  const auto raw = plain_logits(folded(head.linear(), standardization), data.rows());
  for (std::size_t i = 0; i < raw.size(); ++i) EXPECT_NEAR(raw[i], standardized[i], 1e-4);

  const LinearHead again(unfolded(random_linear(4, 8), standardization), standardization);
  const auto unfolded_logits = again.logits(data.rows());
  const auto plain = plain_logits(random_linear(4, 8), data.rows());
  for (std::size_t i = 0; i < raw.size(); ++i) EXPECT_NEAR(unfolded_logits[i], plain[i], 1e-4);
}

TEST(LinearHead, LearnsWhatCanBeSeparated) {
  const Data data(400, 16, 8, 0.3);
  LinearHead head(Linear(8, 16), standardization_of(data.rows()));
  for (int step = 0; step < 50; ++step)
    head.step(data.rows(), data.labels, {.rate = 0.5, .momentum = 0.9});
  EXPECT_EQ(judge(head.logits(data.rows()), data.labels, 8).accuracy, 1);
}

// Of five photographs each is a fold of its own.
TEST(Ridge, JudgesAFoldAsARefitWithoutItWould) {
  const Data data(5, 6, 2, 2);
  const HeadFit summary = fit_ridge(data.rows(), data.labels, 2);
  // Refit by brute force: the normal equations, centred on the rest, for one photograph at a time.
  std::vector<float> scores;
  for (std::size_t out = 0; out < data.labels.size(); ++out) {
    Data rest = data;
    rest.values.erase(rest.values.begin() + static_cast<std::ptrdiff_t>(out * 6),
                      rest.values.begin() + static_cast<std::ptrdiff_t>((out + 1) * 6));
    rest.labels.erase(rest.labels.begin() + static_cast<std::ptrdiff_t>(out));
    const std::size_t n = rest.labels.size();
    std::vector<double> mean(6), gram(36), moment(12), frequency(2);
    for (std::size_t i = 0; i < n; ++i) {
      frequency[rest.labels[i]] += 1.0 / static_cast<double>(n);
      for (std::size_t j = 0; j < 6; ++j)
        mean[j] += rest.values[i * 6 + j] / static_cast<double>(n);
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < 6; ++j) {
        const double x = rest.values[i * 6 + j] - mean[j];
        for (std::size_t k = 0; k < 6; ++k)
          gram[j * 6 + k] += x * (rest.values[i * 6 + k] - mean[k]);
        for (std::size_t c = 0; c < 2; ++c)
          moment[j * 2 + c] += x * ((rest.labels[i] == c) - frequency[c]);
      }
    double trace = 0;
    for (std::size_t j = 0; j < 6; ++j) trace += gram[j * 7];
    for (std::size_t j = 0; j < 6; ++j) gram[j * 7] += summary.regularization * trace / 6;
    // Gauss-Jordan: gram is positive definite, so that no pivoting is needed.
    for (std::size_t j = 0; j < 6; ++j)
      for (std::size_t i = 0; i < 6; ++i) {
        if (i == j) continue;
        const double factor = gram[i * 6 + j] / gram[j * 7];
        for (std::size_t k = 0; k < 6; ++k) gram[i * 6 + k] -= factor * gram[j * 6 + k];
        for (std::size_t c = 0; c < 2; ++c) moment[i * 2 + c] -= factor * moment[j * 2 + c];
      }
    for (std::size_t c = 0; c < 2; ++c) {
      double score = frequency[c];
      for (std::size_t j = 0; j < 6; ++j)
        score += moment[j * 2 + c] / gram[j * 7] * (data.values[out * 6 + j] - mean[j]);
      scores.push_back(static_cast<float>(summary.temperature * score));
    }
  }
  const Evaluation left_out = judge(scores, data.labels, 2);
  EXPECT_NEAR(left_out.loss, summary.left_out_loss, 1e-4);
  EXPECT_NEAR(left_out.accuracy, summary.left_out_accuracy, 1e-9);
}

TEST(Ridge, TheTemperatureIsTheBestOne) {
  const Data data(120, 10, 5, 2);
  const HeadFit summary = fit_ridge(data.rows(), data.labels, 5);
  EXPECT_GT(summary.temperature, 0);
  EXPECT_LT(summary.left_out_loss, std::log(5));
  const auto logits = plain_logits(summary.linear, data.rows());
  EXPECT_GE(judge(logits, data.labels, 5).accuracy, summary.left_out_accuracy);
}

TEST(Ridge, MoreFeaturesThanPhotographsAreNoProblem) {
  const Data data(12, 40, 3, 0.2);
  const HeadFit summary = fit_ridge(data.rows(), data.labels, 3);
  EXPECT_EQ(judge(plain_logits(summary.linear, data.rows()), data.labels, 3).accuracy, 1);
}

TEST(Judge, CountsTopOneTopFiveAndLoss) {
  const std::vector<float> logits = {0, 1, 2, 3, 4, 5, 9, 0, 0, 0, 0, 0};
  const std::vector<std::size_t> labels = {0, 0};
  const Evaluation evaluation = judge(logits, labels, 6);
  EXPECT_EQ(evaluation.accuracy, 0.5);
  EXPECT_EQ(evaluation.top5_accuracy, 0.5);
  EXPECT_EQ(evaluation.predictions, (std::vector<std::size_t>{5, 0}));
  double sum = 0;
  for (int k = 0; k < 6; ++k) sum += std::exp(k);
  EXPECT_NEAR(evaluation.loss, (std::log(sum) + std::log(1 + 5 * std::exp(-9))) / 2, 1e-6);
}

}  // namespace
}  // namespace frugal::train
