#include "vision/train/linear_head.h"

#include <Eigen/Core>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace frugal::train {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;

Eigen::Map<Matrix> matrix(std::vector<float>& values, std::size_t rows, std::size_t columns) {
  return {values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
Eigen::Map<const Matrix> matrix(const std::vector<float>& values, std::size_t rows,
                                std::size_t columns) {
  return {values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
Eigen::Map<Vector> vector(std::vector<float>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}
Eigen::Map<const Vector> vector(const std::vector<float>& values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

void gather(const FeatureRows& rows, const Standardization& standardization,
            std::vector<float>& out) {
  out.resize(rows.rows.size() * rows.feature_count);
  const auto mean = vector(standardization.mean).array();
  const auto scale = vector(standardization.scale).array();
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const Eigen::Map<const Vector> row(rows.rows[i], mean.size());
    Eigen::Map<Vector>(out.data() + i * rows.feature_count, mean.size()) =
        (row.array() - mean) * scale;
  }
}

// x: (n, features), scores: (n, classes)
void score(const Linear& linear, const std::vector<float>& x, std::size_t n,
           std::vector<float>& scores) {
  scores.resize(n * linear.classes);
  auto out = matrix(scores, n, linear.classes);
  out.noalias() = matrix(x, n, linear.features) *
                  matrix(linear.weight, linear.classes, linear.features).transpose();
  out.rowwise() += vector(linear.bias).transpose();
}

// Logits to the gradient of the mean cross-entropy with respect to them; returns the mean.
double cross_entropy_gradient(Eigen::Map<Matrix> scores, std::span<const std::size_t> labels) {
  double sum = 0;
  const auto n = static_cast<float>(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto row = scores.row(static_cast<Eigen::Index>(i));
    auto& of_label = row[static_cast<Eigen::Index>(labels[i])];
    const float largest = row.maxCoeff(), label_score = of_label;
    row = (row.array() - largest).exp();
    const float total = row.sum();
    sum += std::log(total) + largest - label_score;
    row *= 1 / (total * n);
    of_label -= 1 / n;
  }
  return sum / static_cast<double>(n);
}

template <typename Parameter, typename Velocity, typename Gradient>
void update(Parameter p, Velocity v, const Gradient& gradient, const SgdOptions& options) {
  const auto rate = static_cast<float>(options.rate);
  const auto momentum = static_cast<float>(options.momentum);
  const auto decay = static_cast<float>(options.weight_decay);
  if (options.nesterov) {
    v = momentum * v + gradient + decay * p;
    p -= rate * ((gradient + decay * p) + momentum * v);
  } else {
    v = momentum * v + gradient + decay * p;
    p -= rate * v;
  }
}

}  // namespace

Standardization standardization_of(const FeatureRows& rows) {
  constexpr double kLeastDeviation = 1e-6;
  FRUGAL_CHECK(!rows.rows.empty());
  const auto n = static_cast<double>(rows.rows.size());
  const auto features = static_cast<Eigen::Index>(rows.feature_count);
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(features), square = mean;
  for (const float* row : rows.rows)
    mean += Eigen::Map<const Vector>(row, features).cast<double>().array();
  mean /= n;
  for (const float* row : rows.rows)
    square += (Eigen::Map<const Vector>(row, features).cast<double>().array() - mean).square();
  Standardization made{std::vector<float>(rows.feature_count), {}};
  for (std::size_t j = 0; j < rows.feature_count; ++j) {
    const double deviation = std::sqrt(square[static_cast<Eigen::Index>(j)] / n);
    made.mean[j] = static_cast<float>(mean[static_cast<Eigen::Index>(j)]);
    made.scale.push_back(deviation > kLeastDeviation ? static_cast<float>(1 / deviation) : 0);
  }
  return made;
}

Linear folded(const Linear& linear, const Standardization& standardization) {
  Linear result = linear;
  for (std::size_t k = 0; k < linear.classes; ++k) {
    double offset = 0;
    for (std::size_t j = 0; j < linear.features; ++j) {
      float& weight = result.weight[k * linear.features + j];
      weight *= standardization.scale[j];
      offset += double{weight} * double{standardization.mean[j]};
    }
    result.bias[k] = static_cast<float>(result.bias[k] - offset);
  }
  return result;
}

Linear unfolded(const Linear& linear, const Standardization& standardization) {
  Linear result = linear;
  for (std::size_t k = 0; k < linear.classes; ++k) {
    double offset = 0;
    for (std::size_t j = 0; j < linear.features; ++j) {
      float& weight = result.weight[k * linear.features + j];
      offset += double{weight} * double{standardization.mean[j]};
      weight = standardization.scale[j] > 0 ? weight / standardization.scale[j] : 0;
    }
    result.bias[k] = static_cast<float>(result.bias[k] + offset);
  }
  return result;
}

LinearHead::LinearHead(Linear start, Standardization standardization)
    : linear_(std::move(start)),
      velocity_(linear_.classes, linear_.features),
      standardization_(std::move(standardization)) {
  FRUGAL_CHECK(standardization_.mean.size() == linear_.features);
}

double LinearHead::step(const FeatureRows& rows, std::span<const std::size_t> labels,
                        const SgdOptions& options) {
  const std::size_t n = rows.rows.size();
  FRUGAL_CHECK(labels.size() == n && rows.feature_count == linear_.features);
  gather(rows, standardization_, batch_);
  score(linear_, batch_, n, scores_);
  auto scores = matrix(scores_, n, linear_.classes);
  const double loss = cross_entropy_gradient(scores, labels);

  gradient_.resize(linear_.weight.size());
  auto gradient = matrix(gradient_, linear_.classes, linear_.features);
  gradient.noalias() = scores.transpose() * matrix(batch_, n, linear_.features);
  update(vector(linear_.weight).array(), vector(velocity_.weight).array(),
         vector(gradient_).array(), options);
  const Vector bias_gradient = scores.colwise().sum().transpose();
  update(vector(linear_.bias).array(), vector(velocity_.bias).array(), bias_gradient.array(),
         options);
  return loss;
}

std::vector<float> LinearHead::logits(const FeatureRows& rows) const {
  std::vector<float> x, scores;
  gather(rows, standardization_, x);
  score(linear_, x, rows.rows.size(), scores);
  return scores;
}

void LinearHead::restore(Linear linear, Linear velocity) {
  linear_ = std::move(linear);
  velocity_ = std::move(velocity);
}

}  // namespace frugal::train
