#include "vision/train/heads.h"

#include "vision/train/lda.h"
#include "vision/train/logistic.h"
#include "vision/train/ridge.h"

namespace frugal::train {

const std::vector<HeadTrainer>& head_trainers() {
  static const std::vector<HeadTrainer> table = {
      {Head::kRidge, fit_ridge, &Recipe::ridge_penalty},
      {Head::kLda, fit_lda, &Recipe::lda_shrinkage},
      {Head::kLogistic, fit_logistic, &Recipe::logistic_penalty}};
  return table;
}

const HeadTrainer* head_trainer(Head head) {
  for (const HeadTrainer& trainer : head_trainers())
    if (trainer.head == head) return &trainer;
  return nullptr;
}

}  // namespace frugal::train
