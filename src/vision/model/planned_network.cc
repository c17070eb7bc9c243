#include "vision/model/planned_network.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace frugal::model {
namespace {

constexpr double kMomentum = 0.1;  // of torch.nn.BatchNorm2d

template <typename Draw>
at::Tensor filled(const std::vector<std::int64_t>& sizes, Draw draw) {
  at::Tensor tensor = at::empty(sizes, at::kFloat);
  float* values = tensor.data_ptr<float>();
  std::generate_n(values, tensor.numel(), [&] { return static_cast<float>(draw()); });
  return tensor;
}

at::Tensor initialized(const TensorPlan& plan, std::size_t feature_count, RandomStream random) {
  switch (plan.role) {
    case Role::kConvolution: {
      const auto fan_out = static_cast<double>(plan.sizes[0] * plan.sizes[2] * plan.sizes[3]);
      return filled(plan.sizes, [&, deviation = std::sqrt(2 / fan_out)] {
        return deviation * random.normal();
      });
    }
    case Role::kHead:
      return filled(plan.sizes, [&, bound = 1 / std::sqrt(static_cast<double>(feature_count))] {
        return random.uniform(-bound, bound);
      });
    case Role::kScale:
    case Role::kVariance:
      return at::ones(plan.sizes, at::kFloat);
    case Role::kShift:
    case Role::kMean:
      return at::zeros(plan.sizes, at::kFloat);
    case Role::kBatchCount:
      return at::zeros(plan.sizes, at::kLong);
  }
  FRUGAL_CHECK(false, plan.name);
}

}  // namespace

NetworkTensors fresh_tensors(const NetworkSpec& spec, std::size_t class_count, std::uint64_t seed,
                             std::size_t head_layers, Backbone backbone) {
  FRUGAL_CHECK(class_count > 0);
  NetworkTensors fresh{
      spec, class_count, head_layers, layout_of(spec, class_count, head_layers), {}};
  const RandomStream random = RandomStream(seed).derive("initialize");
  const std::size_t features = spec.channels_of_last(head_layers);
  for (const TensorPlan& plan : fresh.plans) {
    const bool drawn = backbone == Backbone::kDrawn || plan.role != Role::kConvolution;
    fresh.tensors.push_back(drawn ? initialized(plan, features, random.derive(plan.name))
                                  : at::zeros(plan.sizes, at::kFloat));
    fresh.tensors.back().requires_grad_(plan.is_parameter());
  }
  return fresh;
}

PlannedNetwork::PlannedNetwork(NetworkTensors tensors)
    : spec_(std::move(tensors.spec)),
      class_count_(tensors.class_count),
      head_layers_(tensors.head_layers),
      plans_(std::move(tensors.plans)),
      tensors_(std::move(tensors.tensors)) {}

NetworkTensors PlannedNetwork::twin_tensors() const {
  NetworkTensors twin{spec_, class_count_, head_layers_, plans_, {}};
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    const at::Tensor shared = tensors_[i].detach();
    twin.tensors.push_back(plans_[i].is_parameter() ? shared : shared.clone());
    twin.tensors.back().requires_grad_(plans_[i].is_parameter());
  }
  return twin;
}

const at::Tensor& PlannedNetwork::tensor(const std::string& name) const {
  const auto plan = std::find_if(plans_.begin(), plans_.end(),
                                 [&](const TensorPlan& p) { return p.name == name; });
  FRUGAL_CHECK(plan != plans_.end(), name);
  return tensors_[static_cast<std::size_t>(plan - plans_.begin())];
}

PlannedNetwork::Stage PlannedNetwork::stage(const std::string& convolution, const std::string& norm,
                                            std::int64_t stride, bool depthwise) const {
  const at::Tensor& kernel = tensor(convolution + ".weight");
  return {kernel,
          {tensor(norm + ".weight"), tensor(norm + ".bias"), tensor(norm + ".running_mean"),
           tensor(norm + ".running_var"), tensor(norm + ".num_batches_tracked")},
          stride,
          depthwise ? kernel.size(0) : 1};
}

at::Tensor PlannedNetwork::run(const Stage& stage, const at::Tensor& input) {
  const std::int64_t padding = stage.kernel.size(2) / 2;
  const at::Tensor output = at::conv2d(input, stage.kernel, /*bias=*/{}, stage.stride, padding,
                                       /*dilation=*/1, stage.groups);
  const Norm& norm = stage.norm;
  if (training_) norm.batch_count.add_(1);
  return at::batch_norm(output, norm.scale, norm.shift, norm.mean, norm.variance, training_,
                        kMomentum, kNormEpsilon, /*cudnn_enabled=*/true);
}

at::Tensor PlannedNetwork::layers(const at::Tensor& input, std::size_t after, std::size_t until) {
  FRUGAL_CHECK(after <= until && until <= kLayerCount);
  const std::size_t channels = after == 0 ? 3 : spec_.channels(after);
  FRUGAL_CHECK(input.dim() == 4 && input.size(1) == static_cast<std::int64_t>(channels),
               "what goes in must be (n, channels, height, width)");
  at::Tensor x = channels_last_ ? input.contiguous(at::MemoryFormat::ChannelsLast) : input;
  if (after == 0 && until > 0) x = run_stem(x);
  for (std::size_t layer = after + 1; layer <= until; ++layer) x = run_layer(layer, x);
  return x;
}

at::Tensor PlannedNetwork::head(const at::Tensor& features) {
  return at::linear(features, tensor(spec_.head + ".weight"), tensor(spec_.head + ".bias"));
}

std::vector<at::Tensor> PlannedNetwork::backbone_parameters() const {
  std::vector<at::Tensor> parameters;
  for (std::size_t i = 0; i < plans_.size(); ++i)
    if (plans_[i].is_parameter() && plans_[i].role != Role::kHead)
      parameters.push_back(tensors_[i]);
  return parameters;
}

std::vector<int> PlannedNetwork::backbone_layers() const {
  std::vector<int> layers;
  for (const TensorPlan& plan : plans_)
    if (plan.is_parameter() && plan.role != Role::kHead)
      layers.push_back(layer_of(spec_, plan.name));
  return layers;
}

std::vector<at::Tensor> PlannedNetwork::head_parameters() const {
  return {tensor(spec_.head + ".weight"), tensor(spec_.head + ".bias")};
}

StateDict PlannedNetwork::state() const {
  StateDict state;
  for (std::size_t i = 0; i < plans_.size(); ++i)
    state.emplace_back(plans_[i].name, tensors_[i].detach());
  return state;
}

void PlannedNetwork::load(const StateDict& state, const std::string& where, bool keep_head) {
  const std::string wrong = differences(plans_, state, keep_head);
  if (!wrong.empty())
    throw InputError(fmt::format("{}: does not fit {} with {} classes: {}", where, spec_.name,
                                 class_count_, wrong));
  const at::NoGradGuard no_grad;
  for (const auto& [name, values] : state)
    if (keep_head || !is_head(name)) tensor(name).copy_(values);
}

void PlannedNetwork::to_channels_last() {
  channels_last_ = true;
  for (at::Tensor& tensor : tensors_)
    if (tensor.dim() == 4)
      tensor.set_data(tensor.detach().contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace frugal::model
