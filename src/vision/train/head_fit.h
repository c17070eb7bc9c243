// What the trainers of a linear head in one go share: their options, what they return, and the
// scaling of their scores to logits.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "vision/train/linear_head.h"

namespace frugal::train {

struct HeadOptions {
  double regularization = 0;  // in the trainer's own unit
  std::uint64_t seed = 0;     // of the folds, where there are any
};

struct HeadFit {
  Linear linear;              // of raw features; the softmax of its logits are probabilities
  double regularization = 0;  // what was given, or chosen
  double temperature = 1;     // what the plain scores were multiplied by
  // On the training photographs, each judged by a fit without it; 0 where the trainer makes none.
  double left_out_loss = 0;  // mean cross-entropy
  double left_out_accuracy = 0;
};

// (n, classes), row by row
using Scores = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Calibration {
  double temperature = 1;
  double loss = 0;  // mean cross-entropy of softmax(temperature × scores)
  double accuracy = 0;
};
// The temperature that minimizes that loss (Guo et al. 2017), by Newton's method. labels: one for
// each row, at least one.
Calibration calibrate(const Scores& scores, std::span<const std::size_t> labels);

}  // namespace frugal::train
