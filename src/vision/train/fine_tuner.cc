#include <ATen/TensorOperators.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"
#include "vision/model/weights.h"
#include "vision/train/batch_loader.h"
#include "vision/train/compute.h"
#include "vision/train/data_parallel.h"
#include "vision/train/evaluation.h"
#include "vision/train/frozen_prefix.h"
#include "vision/train/frozen_views.h"
#include "vision/train/learners.h"
#include "vision/train/ridge.h"
#include "vision/train/set_head.h"
#include "vision/train/test_logits.h"
#include "vision/train/trained_parameters.h"
#include "vision/train/views.h"
#include "vision/train/weight_average.h"

namespace frugal::train {
namespace {

bool is_out_of_memory(const std::exception& error) {
  const std::string_view what = error.what();
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         what.find("out of memory") != std::string_view::npos ||
         what.find("can't allocate memory") != std::string_view::npos;
}

// A tensor's memory, in its own layout.
std::span<char> memory_of(const at::Tensor& tensor) {
  FRUGAL_CHECK(tensor.is_cpu() && tensor.is_non_overlapping_and_dense());
  return {static_cast<char*>(tensor.data_ptr()), tensor.nbytes()};
}

// While it lives, the network has the mean of its weights; nullptr: its own.
class AverageInPlace {
 public:
  explicit AverageInPlace(WeightAverage* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  ~AverageInPlace() {
    if (average_ != nullptr) average_->swap();
  }
  AverageInPlace(const AverageInPlace&) = delete;
  AverageInPlace& operator=(const AverageInPlace&) = delete;

 private:
  WeightAverage* average_;
};

class FineTuner final : public Learner {
 public:
  FineTuner(const Assignment& assignment, ProgressSink& progress)
      : assignment_(assignment),
        classes_(assignment.training.dataset().classes.size()),
        compute_(compute_for(assignment.recipe.precision, assignment.environment.engine)),
        network_(make_pretrained(assignment.recipe, assignment.environment.weights_path, classes_)),
        sgd_(trained_parameters(*network_, assignment.recipe),
             rate_factors(*network_, assignment.recipe)),
        parallel_(*network_, assignment.recipe, compute_, assignment.environment.threads) {
    const data::Dataset& dataset = assignment.training.dataset();
    const data::Size view{assignment.recipe.height, assignment.recipe.width};
    if (assignment.recipe.frozen == Frozen::kNone)
      photographs_ = data::PhotographCache::open_or_build(dataset, augment::canvas_for(view),
                                                          assignment.environment.cache(),
                                                          assignment.environment.threads, progress);
    else
      prefix_ = std::make_unique<FrozenPrefix>(assignment, compute_, progress);
    const auto labels = labels_of(dataset, assignment.training.indices());
    source_ = {.photographs = photographs_ ? &*photographs_ : nullptr,
               .indices = assignment.training.indices(),
               .labels = {labels.begin(), labels.end()},
               .policy = augment::policy_named(assignment.recipe.augment),
               .view = view,
               .seed = assignment.recipe.seed};
  }

  void begin() override {
    const std::size_t features = network_->feature_count();
    const bool ridge = needs_features(assignment_.recipe, assignment_.environment);
    set_head(*network_, ridge ? ridge_start() : Linear(classes_, features));
    start_average();
  }

  double step(std::size_t step, double share_done, const SgdOptions& options) override {
    const double loss =
        prefix_ ? step_behind_prefix(step, options) : step_on_pixels(step, share_done, options);
    if (average_) average_->update(step);
    return loss;
  }

  std::optional<Evaluation> evaluate(const std::function<bool()>& should_stop) override {
    const AverageInPlace average(average_.get());
    const auto logits =
        prefix_ ? prefix_->test_logits(*network_, should_stop) : logits_of_pixels(should_stop);
    if (!logits) return {};
    return judge(*logits,
                 labels_of(assignment_.validation.dataset(), assignment_.validation.indices()),
                 classes_);
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
    start_average();
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
    const AverageInPlace average(average_.get());
    model::write_pth(path, network_->state());
  }

 private:
  // Parameters, buffers, velocities: all share their memory with the originals.
  std::vector<at::Tensor> tensors() const {
    std::vector<at::Tensor> all;
    for (const auto& [name, tensor] : network_->state()) all.push_back(tensor);
    for (const at::Tensor& velocity : sgd_.velocities()) all.push_back(velocity);
    if (average_)
      for (const at::Tensor& mean : average_->means()) all.push_back(mean);
    return all;
  }

  double step_on_pixels(std::size_t step, double share_done, const SgdOptions& options) {
    if (!loader_) loader_ = std::make_unique<BatchLoader>(source_, assignment_.plan, step);
    const Batch batch = loader_->next();
    FRUGAL_CHECK(batch.step == step);
    return pass(at_size(normalized(batch.pixels, source_.view, compute_),
                        training_view(assignment_.recipe, share_done)),
                targets_of(batch), options);
  }

  double step_behind_prefix(std::size_t step, const SgdOptions& options) {
    const std::vector<std::size_t> positions = plan_.positions(step);
    std::vector<std::int64_t> labels;
    for (const std::size_t position : positions) labels.push_back(source_.labels[position]);
    return pass(prefix_->batch(positions, plan_.epoch_of(step)),
                at::tensor(at::ArrayRef<std::int64_t>(labels)).to(compute_.device), options);
  }

  std::optional<std::vector<float>> logits_of_pixels(const std::function<bool()>& should_stop) {
    const auto& indices = assignment_.validation.indices();
    const data::Size view = test_view(assignment_.recipe);
    const Views views{indices.size(), view, [&](std::size_t i, std::span<std::uint8_t> pixels) {
                        augment::center(photographs_->pixels(indices[i]), photographs_->canvas(),
                                        view, pixels);
                      }};
    return test_logits(
        *network_, views, assignment_.recipe.flip_test, compute_, [](std::size_t) {}, should_stop);
  }

  void start_average() {
    if (assignment_.recipe.weight_averaging == 0) return;
    std::vector<at::Tensor> weights;
    for (const auto& [name, tensor] : network_->state()) weights.push_back(tensor);
    average_ = std::make_unique<WeightAverage>(weights, assignment_.recipe.weight_averaging);
  }

  // (n) classes; or (n, classes) shares of the classes, where views are mixed.
  at::Tensor targets_of(const Batch& batch) const {
    const at::Tensor labels = at::tensor(at::ArrayRef<std::int64_t>(batch.labels));
    if (batch.partner_labels.empty()) return labels.to(compute_.device);
    const auto n = static_cast<std::int64_t>(batch.labels.size());
    const at::Tensor partners = at::tensor(at::ArrayRef<std::int64_t>(batch.partner_labels));
    const at::Tensor shares = at::tensor(at::ArrayRef<float>(batch.partner_shares)).reshape({n, 1});
    at::Tensor targets = at::zeros({n, static_cast<std::int64_t>(classes_)}, at::kFloat);
    targets.scatter_add_(1, labels.reshape({n, 1}), shares.neg().add(1));
    targets.scatter_add_(1, partners.reshape({n, 1}), shares);
    return targets.to(compute_.device);
  }

  static at::Tensor at_size(const at::Tensor& images, data::Size size) {
    const auto height = static_cast<std::int64_t>(size.height);
    const auto width = static_cast<std::int64_t>(size.width);
    if (images.size(2) == height && images.size(3) == width) return images;
    return at::_upsample_bilinear2d_aa(images, {height, width}, /*align_corners=*/false)
        .contiguous(at::MemoryFormat::ChannelsLast);
  }

  // When memory does not hold the batch, it goes through the network in halves, quarters, ...
  double pass(const at::Tensor& images, const at::Tensor& labels, const SgdOptions& options) {
    while (true) {
      try {
        return parallel_.pass(sgd_, images, labels, options, pass_options_);
      } catch (const std::exception& error) {
        const auto n = static_cast<std::size_t>(images.size(0));
        const std::size_t half = std::min(pass_options_.at_once, n) / 2;
        if (!is_out_of_memory(error) || half < 2) throw;
        pass_options_.at_once = half;
        assignment_.on_message(
            fmt::format("memory does not hold {} photographs of {} × {} pixels at once; they go "
                        "through the network {} at a time, in the same batch",
                        2 * half, images.size(2), images.size(3), half));
      }
    }
  }

  Linear ridge_start() const {
    SilentProgress silent;
    const Recipe& recipe = assignment_.recipe;
    const data::Dataset& dataset = assignment_.training.dataset();
    const auto features =
        FrozenOutputs::of_center({recipe, assignment_.environment, silent}, dataset,
                                 {recipe.height, recipe.width}, /*mirrored=*/false);
    const auto& indices = assignment_.training.indices();
    FeatureRows rows{{}, network_->feature_count()};
    for (const std::size_t i : indices) rows.rows.push_back(features.features(i).data());
    return fit_ridge(rows, labels_of(dataset, indices), classes_).linear;
  }

  const Assignment assignment_;
  const std::size_t classes_;
  const Compute compute_;
  BatchPlan plan_{assignment_.plan};
  std::optional<data::PhotographCache> photographs_;  // or prefix_
  std::unique_ptr<FrozenPrefix> prefix_;
  const std::unique_ptr<model::Network> network_;
  Sgd sgd_;
  DataParallel parallel_;
  PassOptions pass_options_{.label_smoothing = assignment_.recipe.label_smoothing,
                            .after = assignment_.recipe.frozen_layers()};
  std::unique_ptr<WeightAverage> average_;
  BatchSource source_;
  std::unique_ptr<BatchLoader> loader_;  // from the first step on; reads source_
};

}  // namespace

std::unique_ptr<Learner> make_fine_tuner(const Assignment& assignment, ProgressSink& progress) {
  return std::make_unique<FineTuner>(assignment, progress);
}

}  // namespace frugal::train
