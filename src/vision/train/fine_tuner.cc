#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"
#include "vision/model/weights.h"
#include "vision/train/batch_loader.h"
#include "vision/train/compute.h"
#include "vision/train/evaluation.h"
#include "vision/train/fixed_head.h"
#include "vision/train/learners.h"
#include "vision/train/ridge.h"
#include "vision/train/views.h"
#include "vision/train/weight_average.h"

namespace frugal::train {
namespace {

std::vector<at::Tensor> all_parameters(const model::Network& network) {
  std::vector<at::Tensor> parameters = network.backbone_parameters();
  for (at::Tensor& parameter : network.head_parameters()) parameters.push_back(parameter);
  return parameters;
}

// Of the learning rate, one for each of all_parameters: layer 4 has the rate itself.
std::vector<double> rate_factors(const model::Network& network, const Recipe& recipe) {
  std::vector<double> factors;
  for (const int layer : network.backbone_layers())
    factors.push_back(std::pow(recipe.layer_decay, 4 - layer));
  factors.insert(factors.end(), network.head_parameters().size(), recipe.head_rate);
  return factors;
}

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
  FineTuner(const Assignment& assignment, data::PhotographCache photographs)
      : assignment_(assignment),
        classes_(assignment.training.dataset().classes.size()),
        compute_(compute_for(assignment.recipe.precision, assignment.environment.engine)),
        photographs_(std::move(photographs)),
        network_(make_pretrained(assignment.recipe, assignment.environment.weights_path, classes_)),
        sgd_(all_parameters(*network_), rate_factors(*network_, assignment.recipe)),
        total_steps_(assignment.plan.steps_of(assignment.recipe.epochs)) {
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
    start_average();
  }

  double step(std::size_t step, const SgdOptions& options) override {
    if (!loader_) loader_ = std::make_unique<BatchLoader>(source_, assignment_.plan, step);
    const Batch batch = loader_->next();
    FRUGAL_CHECK(batch.step == step);
    const at::Tensor images = at_size(normalized(batch.pixels, source_.view, compute_),
                                      training_view(assignment_.recipe, share_done(step)));
    const double loss = pass(images, targets_of(batch), options);
    if (average_) average_->update(step);
    return loss;
  }

  std::optional<Evaluation> evaluate(const std::function<bool()>& should_stop) override {
    const auto& indices = assignment_.validation.indices();
    const data::Size view = test_view(assignment_.recipe);
    const Views views{indices.size(), view, [&](std::size_t i, std::span<std::uint8_t> pixels) {
                        augment::center(photographs_.pixels(indices[i]), photographs_.canvas(),
                                        view, pixels);
                      }};
    std::vector<float> logits;
    const AverageInPlace average(average_.get());
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

  double share_done(std::size_t step) const {
    return static_cast<double>(step) / static_cast<double>(total_steps_);
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
        return training_pass(*network_, sgd_, images, labels, options, compute_, pass_options_);
      } catch (const std::exception& error) {
        const auto n = static_cast<std::size_t>(images.size(0));
        const std::size_t half = std::min(pass_options_.at_once, n) / 2;
        if (!is_out_of_memory(error) || half < 2) throw;
        for (const at::Tensor& parameter : all_parameters(*network_))
          parameter.mutable_grad().reset();
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
  const std::size_t total_steps_;
  PassOptions pass_options_{.label_smoothing = assignment_.recipe.label_smoothing};
  std::unique_ptr<WeightAverage> average_;
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
