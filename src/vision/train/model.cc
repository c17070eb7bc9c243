#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/model/weights.h"
#include "vision/train/compute.h"
#include "vision/train/evaluation.h"
#include "vision/train/model_folder.h"
#include "vision/train/test_logits.h"
#include "vision/train/train.h"
#include "vision/train/views.h"

namespace frugal::train {

struct Model::State {
  ModelDescription description;
  Compute compute;
  std::unique_ptr<model::Network> network;

  data::Size view() const { return test_view(description.recipe); }
  data::Size canvas() const {
    return augment::canvas_for({description.recipe.height, description.recipe.width});
  }
  std::vector<float> logits(std::size_t count,
                            std::function<void(std::size_t, std::span<std::uint8_t>)> fill,
                            const std::function<void(std::size_t)>& on_done);
};

namespace {

void softmax(std::span<float> row) {
  const float largest = *std::max_element(row.begin(), row.end());
  float sum = 0;
  for (float& value : row) sum += value = std::exp(value - largest);
  for (float& value : row) value /= sum;
}

}  // namespace

std::vector<float> Model::State::logits(
    std::size_t count, std::function<void(std::size_t, std::span<std::uint8_t>)> fill,
    const std::function<void(std::size_t)>& on_done) {
  return *test_logits(*network, {count, view(), std::move(fill)}, description.recipe.flip_test,
                      compute, on_done, [] { return false; });
}

Model Model::load(const std::string& folder) {
  auto state = std::make_unique<State>();
  state->description = read_model_description(folder);
  const Recipe& recipe = state->description.recipe;
  state->compute = compute_for(recipe.precision, "auto");
  state->network =
      model::make_network(model::network_named(recipe.network), state->description.classes.size(),
                          recipe.seed, recipe.feature_layers, model::Backbone::kToBeLoaded);
  const std::string path = weights_file(folder);
  state->network->load(model::read_weights(path), path, /*keep_head=*/true);
  state->network->to_channels_last();
  return Model(std::move(state));
}

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const Recipe& Model::recipe() const {
  return state_->description.recipe;
}
const std::vector<std::string>& Model::classes() const {
  return state_->description.classes;
}

void Model::write_weights(const std::string& path, const std::string& format) const {
  if (format == "pth")
    model::write_pth(path, state_->network->state());
  else if (format == "safetensors")
    model::write_safetensors(path, state_->network->state());
  else
    throw InputError(fmt::format("format \"{}\" is none of pth, safetensors", format));
}

std::vector<std::vector<float>> Model::predict(const std::vector<data::Image>& images) {
  const data::Size view = state_->view(), canvas = state_->canvas();
  std::vector<float> logits = state_->logits(
      images.size(),
      [&](std::size_t i, std::span<std::uint8_t> pixels) {
        const data::Image resized = data::resize_and_center_crop(images[i], canvas);
        augment::center(resized.pixels, canvas, view, pixels);
      },
      [](std::size_t) {});
  const std::size_t classes = state_->description.classes.size();
  std::vector<std::vector<float>> probabilities;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::span row = std::span(logits).subspan(i * classes, classes);
    softmax(row);
    probabilities.emplace_back(row.begin(), row.end());
  }
  return probabilities;
}

Evaluation Model::evaluate(const HeldOutPhotographs& photographs, const Environment& environment,
                           ProgressSink& progress) {
  const data::Dataset& dataset = photographs.dataset();
  const auto& indices = photographs.indices();
  if (indices.empty()) throw InputError("there are no photographs to judge the model on");
  const auto match = match_classes(state_->description.classes, dataset.classes);
  std::vector<std::size_t> labels = labels_of(dataset, indices);
  for (std::size_t& label : labels) label = match[label];

  use_threads(environment.threads);
  const data::Size view = state_->view();
  const auto cache = data::PhotographCache::open_or_build(
      dataset, state_->canvas(), environment.cache(), environment.threads, progress);
  const std::vector<float> logits = state_->logits(
      indices.size(),
      [&](std::size_t i, std::span<std::uint8_t> pixels) {
        augment::center(cache.pixels(indices[i]), cache.canvas(), view, pixels);
      },
      [&](std::size_t done) {
        progress.progress({"evaluating", done, indices.size()});
      });
  return judge(logits, labels, state_->description.classes.size());
}

}  // namespace frugal::train
