// A learning curve over the number of training photographs that costs seconds: heads in closed form
// on features of a frozen network.
#pragma once

#include <cstddef>
#include <vector>

#include "base/progress.h"
#include "vision/train/train.h"

namespace frugal::explain {

struct CurvePoint {
  double share = 1;                        // of the training part
  std::size_t photographs = 0;             // that taught
  std::vector<std::vector<bool>> correct;  // [seed][photograph of the test part]
};

struct HeadCurveOptions {
  std::vector<double> shares = {0.1, 0.2, 0.4, 0.7, 1};
  std::size_t seeds = 5;  // draws of the photographs; all of them there is but one of
};

// The recipe's head where it has a closed form, else ridge regression; it reads what the recipe's
// head reads of the photographs' centres. environment.weights_path: of the frozen network.
std::vector<CurvePoint> head_curve(const train::Recipe& recipe, const data::Dataset& dataset,
                                   const data::Split& split, const train::Environment& environment,
                                   const HeadCurveOptions& options, ProgressSink& progress);

// What taught there: "ridge", "lda", "logistic".
std::string head_of_curve(const train::Recipe& recipe);

}  // namespace frugal::explain
