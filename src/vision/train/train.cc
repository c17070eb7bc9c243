#include "vision/train/train.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "vision/augment/policy.h"
#include "vision/train/compute.h"
#include "vision/train/frozen_outputs.h"
#include "vision/train/learners.h"
#include "vision/train/loop.h"
#include "vision/train/model_folder.h"
#include "vision/train/search_space.h"

namespace frugal::train {
namespace {

std::string hash_of(const data::Dataset& dataset, const std::vector<std::size_t>& indices) {
  std::string text;
  for (const std::size_t i : indices)
    text +=
        fmt::format("{} {}\n", dataset.photographs[i].content_hash, dataset.photographs[i].label);
  return sha256(text);
}

// Everything that decides the bits of a run; see run_loop.
Json identity_of(const Recipe& recipe, const TrainingPhotographs& training,
                 const HeldOutPhotographs& validation, const Environment& environment) {
  Json identity = to_json(recipe);
  if (!recipe.knows_its_length()) identity.erase("epochs");
  identity["precision"] = compute_for(recipe.precision, environment.engine).identity();
  identity["policy"] = augment::to_json(augment::policy_named(recipe.augment));
  identity["weights"] = weights_identity(recipe, environment.weights_path);
  identity["classes"] = training.dataset().classes;
  identity["training photographs"] = hash_of(training.dataset(), training.indices());
  identity["validation photographs"] = hash_of(validation.dataset(), validation.indices());
  return identity;
}

// What a user should read, and no progress.
class Messages final : public ProgressSink {
 public:
  explicit Messages(const std::function<void(const std::string&)>& on_message)
      : on_message_(on_message) {}
  void progress(const Progress&) override {}
  void message(const std::string& text) override { on_message_(text); }

 private:
  const std::function<void(const std::string&)>& on_message_;
};

void require_photographs(const TrainingPhotographs& training,
                         const HeldOutPhotographs& validation) {
  if (training.indices().size() < 2)
    throw InputError("training needs two photographs at least; the split gives it fewer");
  if (validation.indices().empty())
    throw InputError("the validation part is empty: nothing could be judged");
  FRUGAL_CHECK(&training.dataset() == &validation.dataset(), "two data sets in one run");
}

}  // namespace

HeldOutPhotographs HeldOutPhotographs::all(const data::Dataset& dataset) {
  std::vector<std::size_t> indices(dataset.photographs.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return {dataset, std::move(indices)};
}

std::string network_of(const std::string& weights_path) {
  return model::recognize_network(model::read_weights(weights_path), weights_path).name;
}

void prepare(const Recipe& recipe, const data::Dataset& dataset, const Environment& environment,
             ProgressSink& progress) {
  const data::Size view{recipe.height, recipe.width};
  data::PhotographCache::open_or_build(dataset, augment::canvas_for(view), environment.cache(),
                                       environment.threads, progress)
      .require_unchanged(dataset);
  if (needs_features(recipe, environment))
    FrozenOutputs::of_center({recipe, environment, progress}, dataset, view, /*mirrored=*/false);
}

void prepare_views(const Recipe& recipe, const TrainingPhotographs& training,
                   const Environment& environment, ProgressSink& progress) {
  const bool features = recipe.strategy == Strategy::kFeatures;
  if (!features && recipe.frozen == Frozen::kNone) return;
  if (!features && !augment::open_parameters(augment::policy_named(recipe.augment)).empty())
    return;  // each trial has views of its own
  const FrozenSource source{recipe, environment, progress, recipe.frozen_layers()};
  const data::Size view{recipe.height, recipe.width};
  for (const bool mirrored : {false, true})
    if (!mirrored || features || recipe.flip_test)
      FrozenOutputs::of_center(source, training.dataset(), view, mirrored);
  const std::size_t views = features ? kMostFeatureViews : recipe.feature_views;
  for (std::size_t number = 1; number < views; ++number)
    FrozenOutputs::of_augmented(source, training, number);
}

TrainingSummary train(const Recipe& given, const TrainingPhotographs& training,
                      const HeldOutPhotographs& validation, const Environment& environment,
                      const TrainOptions& options) {
  const Meter meter;
  require_photographs(training, validation);
  use_threads(environment.threads);
  const std::size_t count = training.indices().size();
  Recipe recipe = given;
  if (!recipe.has_steps()) recipe.epochs = 1;  // one step on all photographs
  const BatchPlan plan(count, recipe.has_steps() ? recipe.batch() : count, recipe.seed);
  const Assignment assignment{recipe, training, validation, environment, plan, options.on_message};
  Messages messages(options.on_message);
  const auto learner = recipe.strategy == Strategy::kFeatures
                           ? make_head_learner(assignment, messages)
                           : make_fine_tuner(assignment, messages);
  TrainingSummary summary =
      run_loop(*learner, recipe, plan, identity_of(recipe, training, validation, environment),
               options, meter);
  if (options.allowed_seconds) recipe.epochs = summary.epochs;
  if (summary.ending == Ending::kFinished && !options.model_folder.empty())
    write_model_folder(options.model_folder, *learner, recipe, training.dataset().classes);
  summary.wall_seconds = meter.wall_seconds();
  summary.cpu_seconds = meter.cpu_seconds();
  return summary;
}

}  // namespace frugal::train
