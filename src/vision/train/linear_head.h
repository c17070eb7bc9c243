// A linear classifier on fixed features, trained by SGD with its gradient written out: softmax
// regression needs no automatic differentiation, and without it takes 10^5 photographs a second.
// Plain memory and Eigen; no torch.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/train/learner.h"

namespace frugal::train {

// n rows of so many features somewhere in memory: pointers, so that rows may lie anywhere.
struct FeatureRows {
  std::vector<const float*> rows;
  std::size_t feature_count = 0;
};

// logits = weight · features + bias. weight: (classes, features), row by row; bias: (classes).
struct Linear {
  std::size_t classes = 0, features = 0;
  std::vector<float> weight, bias;

  Linear() = default;
  Linear(std::size_t class_count, std::size_t feature_count)
      : classes(class_count),
        features(feature_count),
        weight(class_count * feature_count),
        bias(class_count) {}
  bool operator==(const Linear&) const = default;
};

// x -> (x − mean) × scale, feature by feature. scale is 1 / deviation, 0 for a feature that never
// changes.
struct Standardization {
  std::vector<float> mean, scale;
};
Standardization standardization_of(const FeatureRows& rows);
// The same classifier of raw features: linear was made for standardized ones.
Linear folded(const Linear& linear, const Standardization& standardization);
// The same classifier of standardized features: linear was made for raw ones.
Linear unfolded(const Linear& linear, const Standardization& standardization);

// Trains a classifier of standardized features.
class LinearHead {
 public:
  LinearHead(Linear start, Standardization standardization);

  // Mean cross-entropy of the batch before the step. labels: as many as rows, below classes.
  double step(const FeatureRows& rows, std::span<const std::size_t> labels,
              const SgdOptions& options);
  // (n, classes)
  std::vector<float> logits(const FeatureRows& rows) const;

  const Linear& linear() const { return linear_; }
  const Linear& velocity() const { return velocity_; }
  const Standardization& standardization() const { return standardization_; }
  void restore(Linear linear, Linear velocity);

 private:
  Linear linear_, velocity_;
  Standardization standardization_;
  std::vector<float> batch_, scores_, gradient_;  // working memory of a step
};

}  // namespace frugal::train
