#include "vision/train/head_fit.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace frugal::train {
namespace {

using Eigen::Index;

constexpr std::int64_t kStrips = 8;  // of rows; a sum's order does not depend on the threads

// Mean cross-entropy of softmax(τ × scores), and its first two derivatives by τ.
struct Entropy {
  double loss = 0, slope = 0, curvature = 0;
};

Entropy entropy_of_rows(const Scores& scores, std::span<const std::size_t> labels, float tau,
                        Index begin, Index end) {
  Entropy sum;
  Eigen::ArrayXf weight(scores.cols());
  for (Index i = begin; i < end; ++i) {
    const auto row = scores.row(i).transpose().array();
    const float largest = row.maxCoeff();
    const float of_label = row[static_cast<Index>(labels[static_cast<std::size_t>(i)])];
    weight = (tau * (row - largest)).exp();
    const float total = weight.sum();
    const float mean = (weight * row).sum() / total;
    sum.loss += std::log(total) + tau * (largest - of_label);
    sum.slope += mean - of_label;
    sum.curvature += (weight * (row - mean).square()).sum() / total;
  }
  return sum;
}

Entropy entropy(const Scores& scores, std::span<const std::size_t> labels, double tau) {
  std::array<Entropy, kStrips> strips;
  at::parallel_for(0, kStrips, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t strip = first; strip < last; ++strip)
      strips[static_cast<std::size_t>(strip)] =
          entropy_of_rows(scores, labels, static_cast<float>(tau), scores.rows() * strip / kStrips,
                          scores.rows() * (strip + 1) / kStrips);
  });
  Entropy mean;
  const auto n = static_cast<double>(scores.rows());
  for (const Entropy& strip : strips) {
    mean.loss += strip.loss / n;
    mean.slope += strip.slope / n;
    mean.curvature += strip.curvature / n;
  }
  return mean;
}

double accuracy(const Scores& scores, std::span<const std::size_t> labels) {
  Index right = 0, best = 0;
  for (Index i = 0; i < scores.rows(); ++i) {
    scores.row(i).maxCoeff(&best);
    right += best == static_cast<Index>(labels[static_cast<std::size_t>(i)]);
  }
  return static_cast<double>(right) / static_cast<double>(scores.rows());
}

}  // namespace

// From 0, where the loss is that of a uniform guess. The loss is convex in τ, so that a step that
// overshoots is halved.
Calibration calibrate(const Scores& scores, std::span<const std::size_t> labels) {
  FRUGAL_CHECK(!labels.empty() && scores.rows() == static_cast<Index>(labels.size()));
  double tau = 0;
  Entropy at = entropy(scores, labels, tau);
  for (int iteration = 0; iteration < 30; ++iteration) {
    double change = -at.slope / std::max(at.curvature, 1e-12);
    Entropy next = entropy(scores, labels, tau + change);
    for (int half = 0; half < 20 && next.loss > at.loss; ++half)
      next = entropy(scores, labels, tau + (change /= 2));
    if (next.loss > at.loss - 1e-6) break;
    tau += change;
    at = next;
  }
  return {tau, at.loss, accuracy(scores, labels)};
}

}  // namespace frugal::train
