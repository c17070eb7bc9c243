#include "vision/explain/subject.h"

#include <numeric>
#include <utility>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/explain/subject_state.h"
#include "vision/model/weights.h"
#include "vision/train/evaluation.h"
#include "vision/train/test_logits.h"
#include "vision/train/views.h"

namespace frugal::explain {
namespace {

std::vector<std::size_t> labels_for(const Subject& subject, const data::Dataset& dataset,
                                    const std::vector<std::size_t>& indices) {
  const auto match = train::match_classes(subject.classes(), dataset.classes);
  std::vector<std::size_t> labels = train::labels_of(dataset, indices);
  for (std::size_t& label : labels) label = match[label];
  return labels;
}

data::Size canvas_of(const train::Recipe& recipe) {
  return augment::canvas_for({recipe.height, recipe.width});
}

}  // namespace

Subject Subject::open(const std::string& model_folder, const train::Environment& environment) {
  train::use_threads(environment.threads);
  auto state = std::make_unique<State>();
  state->description = train::read_model_description(model_folder);
  const train::Recipe& recipe = state->description.recipe;
  state->compute = train::compute_for(recipe.precision, environment.engine);
  state->network =
      model::make_network(model::network_named(recipe.network), state->description.classes.size(),
                          recipe.seed, recipe.feature_layers, model::Backbone::kToBeLoaded);
  const std::string path = train::weights_file(model_folder);
  state->network->load(model::read_weights(path), path, /*keep_head=*/true);
  state->network->to_channels_last();
  return Subject(std::move(state));
}

Subject::Subject(std::unique_ptr<State> state) : state_(std::move(state)) {}
Subject::Subject(Subject&&) noexcept = default;
Subject& Subject::operator=(Subject&&) noexcept = default;
Subject::~Subject() = default;

const train::Recipe& Subject::recipe() const {
  return state_->description.recipe;
}

const std::vector<std::string>& Subject::classes() const {
  return state_->description.classes;
}

Gallery::Gallery(const Subject& subject, const train::HeldOutPhotographs& photographs,
                 const train::Environment& environment, ProgressSink& progress)
    : dataset_(&photographs.dataset()),
      indices_(photographs.indices()),
      labels_(labels_for(subject, *dataset_, indices_)),
      view_(train::test_view(subject.recipe())),
      canvas_(canvas_of(subject.recipe())),
      cache_(data::PhotographCache::open_or_build(*dataset_, canvas_, environment.cache(),
                                                  environment.threads, progress)) {
  if (indices_.empty()) throw InputError("there are no photographs to look at");
}

data::Image Gallery::picture(std::size_t i) const {
  data::Image image{view_.height, view_.width, {}};
  image.pixels.resize(view_.height * view_.width * 3);
  augment::center(canvas_pixels(i), canvas_, view_, image.pixels);
  return image;
}

const data::Photograph& Gallery::photograph(std::size_t i) const {
  return dataset_->photographs[indices_[i]];
}

std::vector<float> logits_of(Subject& subject, std::size_t count, const FillView& fill,
                             const std::string& stage, ProgressSink& progress) {
  Subject::State& state = subject.state();
  const train::Views views{count, train::test_view(subject.recipe()), fill};
  return *train::test_logits(
      *state.network, views, subject.recipe().flip_test, state.compute,
      [&](std::size_t done) {
        progress.progress({stage, done, count});
      },
      [] { return false; });
}

}  // namespace frugal::explain
