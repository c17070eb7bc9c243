#include "vision/train/moments.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::train {
namespace {

using Eigen::Index;

void add_block(Moments& moments, const FeatureBlock& x, std::span<const std::size_t> positions,
               std::span<const std::size_t> labels) {
  Eigen::MatrixXf gram = Eigen::MatrixXf::Zero(x.cols(), x.cols());
  gram.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
  moments.gram += gram.cast<double>();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto label = static_cast<Index>(labels[positions[i] % labels.size()]);
    moments.count[label] += 1;
    moments.sum.col(label) += x.row(static_cast<Index>(i)).transpose().cast<double>();
  }
}

}  // namespace

Moments::Moments(std::size_t feature_count, std::size_t class_count)
    : count(Eigen::VectorXd::Zero(static_cast<Index>(class_count))),
      sum(Eigen::MatrixXd::Zero(static_cast<Index>(feature_count),
                                static_cast<Index>(class_count))),
      gram(Eigen::MatrixXd::Zero(static_cast<Index>(feature_count),
                                 static_cast<Index>(feature_count))) {}

Moments& Moments::operator+=(const Moments& other) {
  count += other.count;
  sum += other.sum;
  gram += other.gram;
  return *this;
}

Moments& Moments::operator-=(const Moments& other) {
  count -= other.count;
  sum -= other.sum;
  gram -= other.gram;
  return *this;
}

Eigen::VectorXf mean_of(const FeatureRows& rows) {
  const auto d = static_cast<Index>(rows.feature_count);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(d);
  for (const float* row : rows.rows)
    sum += Eigen::Map<const Eigen::VectorXf>(row, d).cast<double>();
  if (!sum.allFinite())
    throw NumericalError(
        "the features that the network computes are not finite numbers; its weights may be broken");
  return (sum / static_cast<double>(rows.rows.size())).cast<float>();
}

FeatureBlock centred(const FeatureRows& rows, std::span<const std::size_t> positions,
                     const Eigen::VectorXf& mean) {
  FeatureBlock x(static_cast<Index>(positions.size()), mean.size());
  for (Index i = 0; i < x.rows(); ++i)
    x.row(i) = (Eigen::Map<const Eigen::VectorXf>(rows.rows[positions[static_cast<std::size_t>(i)]],
                                                  mean.size()) -
                mean)
                   .transpose();
  return x;
}

std::vector<Moments> moments_of(const FeatureRows& rows, std::span<const std::size_t> labels,
                                std::size_t class_count, const Eigen::VectorXf& mean,
                                const std::vector<std::vector<std::size_t>>& parts) {
  std::vector<Moments> moments(parts.size(), Moments(rows.feature_count, class_count));
  const auto work = [&](std::size_t part) {
    const std::span<const std::size_t> all(parts[part]);
    for (std::size_t begin = 0; begin < all.size(); begin += kBlockRows) {
      const auto block = all.subspan(begin, std::min(kBlockRows, all.size() - begin));
      add_block(moments[part], centred(rows, block, mean), block, labels);
    }
  };
  at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1,
                   [&](std::int64_t first, std::int64_t last) {
                     for (std::int64_t part = first; part < last; ++part)
                       work(static_cast<std::size_t>(part));
                   });
  return moments;
}

Linear linear_of(const Eigen::MatrixXd& weight, const Eigen::VectorXd& offset,
                 const Eigen::VectorXf& mean, double temperature) {
  Linear linear(static_cast<std::size_t>(weight.cols()), static_cast<std::size_t>(weight.rows()));
  const Eigen::VectorXd bias = offset - weight.transpose() * mean.cast<double>();
  Eigen::Map<Eigen::MatrixXf>(linear.weight.data(), weight.rows(), weight.cols()) =
      (temperature * weight).cast<float>();
  Eigen::Map<Eigen::VectorXf>(linear.bias.data(), bias.size()) = (temperature * bias).cast<float>();
  return linear;
}

}  // namespace frugal::train
