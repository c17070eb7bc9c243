#include "optimizer/acquire.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace frugal::optimizer {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kQuantiles = 10;

double log_normal_cdf(double z) {
  if (z > -10) return std::log(.5 * std::erfc(-z / std::numbers::sqrt2));
  return -.5 * z * z - std::log(-z * std::sqrt(2 * std::numbers::pi));
}

// How much of the variance goes when f is known to be below f*: h (γ + h) in (0, 1).
double truncation(double gamma) {
  if (gamma < -10) return 1 - 1 / (gamma * gamma);
  if (gamma > 10) return 0;
  const double density = std::exp(-.5 * gamma * gamma) / std::sqrt(2 * std::numbers::pi);
  const double h = density / (.5 * std::erfc(-gamma / std::numbers::sqrt2));
  return std::clamp(h * (gamma + h), 0.0, 1.0);
}

}  // namespace

std::vector<double> maximum_quantiles(const VectorXd& mean, const VectorXd& variance) {
  const VectorXd deviation = variance.cwiseSqrt();
  const double low = (mean - deviation).maxCoeff(), high = (mean + 6 * deviation).maxCoeff();
  // Points that cannot reach low have no say.
  std::vector<Index> contenders;
  for (Index i = 0; i < mean.size(); ++i)
    if (mean[i] + 5 * deviation[i] > low) contenders.push_back(i);
  const auto log_probability = [&](double z) {
    double sum = 0;
    for (Index i : contenders) {
      sum += log_normal_cdf((z - mean[i]) / deviation[i]);
      if (sum < -50) break;
    }
    return sum;
  };
  // A table of the distribution, then linear interpolation.
  constexpr int kTable = 40;
  std::vector<double> at, probability;
  for (int i = 0; i <= kTable; ++i) {
    at.push_back(low + (high - low) * i / kTable);
    probability.push_back(std::exp(log_probability(at.back())));
  }
  std::vector<double> quantiles;
  for (int q = 0; q < kQuantiles; ++q) {
    const double wanted = (q + .5) / kQuantiles;
    std::size_t i = 1;
    while (i < at.size() - 1 && probability[i] < wanted) ++i;
    const double span = probability[i] - probability[i - 1];
    const double share = span > 0 ? std::clamp((wanted - probability[i - 1]) / span, 0.0, 1.0) : 1;
    quantiles.push_back(at[i - 1] + share * (at[i] - at[i - 1]));
  }
  return quantiles;
}

MatrixXd information(const Prediction& prediction, const std::vector<double>& maxima) {
  const Index c = prediction.mean.size();
  MatrixXd result = MatrixXd::Zero(c, static_cast<Index>(prediction.task_variance.size()));
  for (Index i = 0; i < c; ++i) {
    const double deviation = std::sqrt(prediction.variance[i]);
    for (double maximum : maxima) {
      const double cut = truncation((maximum - prediction.mean[i]) / deviation);
      for (std::size_t t = 0; t < prediction.task_variance.size(); ++t) {
        const double covariance = prediction.task_covariance[t][i];
        const double squared_correlation = std::min(
            covariance * covariance / (prediction.variance[i] * prediction.task_variance[t][i]),
            1 - 1e-9);
        result(i, static_cast<Index>(t)) -= .5 * std::log1p(-squared_correlation * cut);
      }
    }
  }
  return result / double(maxima.size());
}

}  // namespace frugal::optimizer
