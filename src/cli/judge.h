// An evaluation as the user reads it: accuracy with its interval, top 5, F1.
#pragma once

#include <string>

#include "base/json.h"
#include "vision/train/train.h"

namespace frugal::cli {

// accuracy, accuracy_interval [low, high], top5_accuracy, macro_f1, loss, photographs
Json judgement(const train::Evaluation& evaluation);

// "41.3 % [39.1, 43.6]  top 5 66.0 %  macro F1 0.401  (917 photographs)"
std::string judgement_text(const train::Evaluation& evaluation);

}  // namespace frugal::cli
