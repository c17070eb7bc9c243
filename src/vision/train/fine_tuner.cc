#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "vision/model/weights.h"
#include "vision/train/batch_loader.h"
#include "vision/train/compute.h"
#include "vision/train/evaluation.h"
#include "vision/train/fixed_head.h"
#include "vision/train/learners.h"
#include "vision/train/ridge.h"

namespace frugal::train {
namespace {

std::vector<at::Tensor> all_parameters(const model::Network& network) {
  std::vector<at::Tensor> parameters = network.backbone_parameters();
  for (at::Tensor& parameter : network.head_parameters()) parameters.push_back(parameter);
  return parameters;
}

// A tensor's memory, in its own layout.
std::span<char> memory_of(const at::Tensor& tensor) {
  FRUGAL_CHECK(tensor.is_cpu() && tensor.is_non_overlapping_and_dense());
  return {static_cast<char*>(tensor.data_ptr()), tensor.nbytes()};
}

class FineTuner final : public Learner {
 public:
  FineTuner(const Assignment& assignment, data::PhotographCache photographs)
      : assignment_(assignment),
        classes_(assignment.training.dataset().classes.size()),
        compute_(compute_for(assignment.recipe.precision, assignment.environment.engine)),
        photographs_(std::move(photographs)),
        network_(make_pretrained(assignment.recipe, assignment.environment.weights_path, classes_)),
        sgd_(all_parameters(*network_)) {
    const auto labels = labels_of(assignment.training.dataset(), assignment.training.indices());
    source_ = {.photographs = &photographs_,
               .indices = assignment.training.indices(),
               .labels = {labels.begin(), labels.end()},
               .policy = augment::policy_named(assignment.recipe.augment),
               .view = {assignment.recipe.height, assignment.recipe.width},
               .seed = assignment.recipe.seed};
  }

  void begin() override {
    const std::size_t features = network_->spec().feature_count;
    const bool ridge = FeatureFile::needed(assignment_.recipe, assignment_.environment);
    set_head(*network_, ridge ? ridge_start() : Linear(classes_, features));
  }

  double step(std::size_t step, const SgdOptions& options) override {
    if (!loader_) loader_ = std::make_unique<BatchLoader>(source_, assignment_.plan, step);
    const Batch batch = loader_->next();
    FRUGAL_CHECK(batch.step == step);
    return training_pass(*network_, sgd_, normalized(batch.pixels, source_.view, compute_),
                         at::tensor(at::ArrayRef<std::int64_t>(batch.labels)).to(compute_.device),
                         options, compute_);
  }

  std::optional<Evaluation> evaluate(const std::function<bool()>& should_stop) override {
    const auto& indices = assignment_.validation.indices();
    const Views views{indices.size(), source_.view,
                      [&](std::size_t i, std::span<std::uint8_t> pixels) {
                        augment::center(photographs_.pixels(indices[i]), photographs_.canvas(),
                                        source_.view, pixels);
                      }};
    std::vector<float> logits;
    const bool done = infer(
        *network_, Output::kLogits, views, compute_,
        [&](std::size_t, std::span<const float> rows) {
          logits.insert(logits.end(), rows.begin(), rows.end());
        },
        should_stop);
    if (!done) return {};
    return judge(logits, labels_of(assignment_.validation.dataset(), indices), classes_);
  }

  std::string save() const override {
    std::string bytes;
    for (const at::Tensor& tensor : tensors()) {
      const auto memory = memory_of(tensor);
      bytes.append(memory.data(), memory.size());
    }
    return bytes;
  }

  bool load(std::string_view state) override {
    const std::vector<at::Tensor> all = tensors();
    std::size_t total = 0;
    for (const at::Tensor& tensor : all) total += tensor.nbytes();
    if (state.size() != total) return false;
    for (const at::Tensor& tensor : all) {
      const auto memory = memory_of(tensor);
      std::memcpy(memory.data(), state.data(), memory.size());
      state.remove_prefix(memory.size());
    }
    return true;
  }

  void write_weights(const std::string& path) const override {
    model::write_pth(path, network_->state());
  }

 private:
  // Parameters, buffers, velocities: all share their memory with the originals.
  std::vector<at::Tensor> tensors() const {
    std::vector<at::Tensor> all;
    for (const auto& [name, tensor] : network_->state()) all.push_back(tensor);
    for (const at::Tensor& velocity : sgd_.velocities()) all.push_back(velocity);
    return all;
  }

  Linear ridge_start() const {
    SilentProgress silent;
    const data::Dataset& dataset = assignment_.training.dataset();
    const FeatureFile features =
        FeatureFile::open_or_build(assignment_.recipe, dataset, assignment_.environment, silent);
    const auto& indices = assignment_.training.indices();
    return fit_ridge(rows_of(features, indices), labels_of(dataset, indices), classes_).linear;
  }

  const Assignment assignment_;
  const std::size_t classes_;
  const Compute compute_;
  const data::PhotographCache photographs_;
  const std::unique_ptr<model::Network> network_;
  Sgd sgd_;
  BatchSource source_;
  std::unique_ptr<BatchLoader> loader_;  // from the first step on; reads source_
};

}  // namespace

std::unique_ptr<Learner> make_fine_tuner(const Assignment& assignment, ProgressSink& progress) {
  const data::Size view{assignment.recipe.height, assignment.recipe.width};
  return std::make_unique<FineTuner>(
      assignment,
      data::PhotographCache::open_or_build(assignment.training.dataset(), augment::canvas_for(view),
                                           assignment.environment.cache_folder,
                                           assignment.environment.threads, progress));
}

}  // namespace frugal::train
