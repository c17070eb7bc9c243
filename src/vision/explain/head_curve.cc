#include "vision/explain/head_curve.h"

#include "vision/explain/subset.h"
#include "vision/train/evaluation.h"
#include "vision/train/frozen_outputs.h"
#include "vision/train/heads.h"

namespace frugal::explain {
namespace {

const train::HeadTrainer& trainer_of(const train::Recipe& recipe) {
  const train::HeadTrainer* trainer = train::head_trainer(recipe.head);
  return trainer != nullptr ? *trainer : *train::head_trainer(train::Head::kRidge);
}

train::FeatureRows rows_of(const train::FrozenOutputs& features,
                           const std::vector<std::size_t>& photographs) {
  train::FeatureRows rows{{}, features.features(0).size()};
  for (const std::size_t i : photographs) rows.rows.push_back(features.features(i).data());
  return rows;
}

std::vector<bool> judged(const train::Linear& linear, const train::FeatureRows& rows,
                         const std::vector<std::size_t>& labels) {
  const train::Standardization raw{std::vector<float>(rows.feature_count, 0.0f),
                                   std::vector<float>(rows.feature_count, 1.0f)};
  const train::Evaluation evaluation =
      train::judge(train::LinearHead(linear, raw).logits(rows), labels, linear.classes);
  std::vector<bool> correct;
  for (std::size_t i = 0; i < labels.size(); ++i)
    correct.push_back(evaluation.predictions[i] == labels[i]);
  return correct;
}

}  // namespace

std::string head_of_curve(const train::Recipe& recipe) {
  return to_string(trainer_of(recipe).head);
}

std::vector<CurvePoint> head_curve(const train::Recipe& recipe, const data::Dataset& dataset,
                                   const data::Split& split, const train::Environment& environment,
                                   const HeadCurveOptions& options, ProgressSink& progress) {
  const auto features = train::FrozenOutputs::of_center(
      {recipe, environment, progress}, dataset, {recipe.height, recipe.width}, /*mirrored=*/false);
  train::use_threads(environment.threads);
  const train::HeadTrainer& trainer = trainer_of(recipe);
  const train::FeatureRows test_rows = rows_of(features, split.test);
  const auto test_labels = train::labels_of(dataset, split.test);
  std::vector<CurvePoint> points;
  std::size_t done = 0;
  for (const double share : options.shares) {
    CurvePoint point{share, 0, {}};
    const std::size_t seeds = share < 1 ? options.seeds : 1;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const auto part = with_share_of_training(split, dataset, share, seed).train;
      const auto fit = trainer.fit(
          rows_of(features, part), train::labels_of(dataset, part), dataset.classes.size(),
          {.regularization = recipe.*trainer.regularization, .seed = seed});
      point.photographs = part.size();
      point.correct.push_back(judged(fit.linear, test_rows, test_labels));
    }
    points.push_back(std::move(point));
    progress.progress({"training heads on fewer photographs", ++done, options.shares.size()});
  }
  return points;
}

}  // namespace frugal::explain
