#include "vision/train/compute.h"

#include <ATen/Parallel.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "vision/model/normalization.h"
#include "vision/model/torch_compat.h"

namespace frugal::train {
namespace {

constexpr std::size_t kInferenceBatch = 64;

// More tell int8 nothing new.
constexpr std::size_t kCalibrationViews = 200;

std::vector<std::uint8_t> pixels_of(const Views& views, std::size_t begin, std::size_t count,
                                    std::size_t step = 1) {
  const std::size_t each = views.size.height * views.size.width * 3;
  std::vector<std::uint8_t> pixels(count * each);
  for (std::size_t i = 0; i < count; ++i)
    views.fill(begin + i * step, std::span(pixels).subspan(i * each, each));
  return pixels;
}

engine::EngineOptions options_for(const Views& views, const Compute& compute) {
  return {.kind = compute.engine,
          .precision = compute.bf16 ? engine::Precision::kBf16 : engine::Precision::kFp32,
          .view = views.size,
          .batch = std::min(kInferenceBatch, views.count),
          .threads = static_cast<unsigned>(at::get_num_threads())};
}

// For what the network's head reads.
std::unique_ptr<engine::InferenceEngine> engine_for(model::Network& network, Output output,
                                                    const Views& views, const Compute& compute) {
  engine::EngineOptions options = options_for(views, compute);
  options.layers.clear();
  for (std::size_t i = network.head_layers(); i > 0; --i)
    options.layers.push_back(model::kLayerCount + 1 - i);
  if (output == Output::kLogits || compute.features != engine::Precision::kInt8)
    return engine::make_engine(network, options);
  const std::size_t count = std::min(kCalibrationViews, views.count);
  const auto calibration = pixels_of(views, 0, count, views.count / count);
  options.precision = engine::Precision::kInt8;
  options.calibration = calibration;
  return engine::make_engine(network, options);
}

// All views through the engine, batch by batch.
bool run(engine::InferenceEngine& engine, const Views& views, const OnRows& on_rows,
         const std::function<bool()>& should_stop) {
  std::vector<float> rows;
  for (std::size_t begin = 0; begin < views.count; begin += kInferenceBatch) {
    if (should_stop()) return false;
    const std::size_t n = std::min(kInferenceBatch, views.count - begin);
    rows.resize(n * engine.feature_count());
    engine.compute(pixels_of(views, begin, n), rows);
    on_rows(begin, rows);
  }
  return true;
}

}  // namespace

std::string Compute::identity() const {
  return to_string(features) + " " + to_string(engine);
}

Compute compute_for(const std::string& precision, const std::string& engine) {
  Compute compute{.bf16 = precision != "fp32" && __builtin_cpu_supports("avx512bf16")};
  compute.features = precision == "int8" ? engine::Precision::kInt8
                     : compute.bf16      ? engine::Precision::kBf16
                                         : engine::Precision::kFp32;
  compute.engine = engine::choose(engine::kind_named(engine), compute.features);
  return compute;
}

void use_threads(unsigned threads) {
  at::set_num_threads(static_cast<int>(std::max(threads, 1u)));
}

at::Tensor normalized(std::span<const std::uint8_t> pixels, data::Size view,
                      const Compute& compute) {
  const auto height = static_cast<std::int64_t>(view.height);
  const auto width = static_cast<std::int64_t>(view.width);
  const auto n = static_cast<std::int64_t>(pixels.size()) / (height * width * 3);
  // from_blob wants mutable memory; normalizing copies out of it.
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(pixels.data()), {n, height, width, 3}, at::kByte);
  return model::normalized(bytes.to(compute.device));
}

std::unique_ptr<model::Network> make_pretrained(const Recipe& recipe,
                                                const std::string& weights_path,
                                                std::size_t class_count) {
  const model::NetworkSpec& spec = model::network_named(recipe.network);
  auto network = model::make_network(
      spec, class_count, recipe.seed, recipe.feature_layers,
      weights_path.empty() ? model::Backbone::kDrawn : model::Backbone::kToBeLoaded);
  if (!weights_path.empty()) {
    const model::StateDict state = model::read_weights(weights_path);
    if (const auto& found = model::recognize_network(state, weights_path); found.name != spec.name)
      throw InputError(fmt::format("{} holds a {}, but the recipe's network is {}", weights_path,
                                   found.name, spec.name));
    network->load(state, weights_path, /*keep_head=*/false);
  }
  network->to_channels_last();
  return network;
}

std::string weights_identity(const Recipe& recipe, const std::string& weights_path) {
  return weights_path.empty() ? fmt::format("fresh {}", recipe.seed)
                              : sha256(read_file(weights_path));
}

double accumulate_gradients(model::Network& network, const at::Tensor& images,
                            const at::Tensor& labels, double share, const Compute& compute,
                            const PassOptions& options) {
  network.set_training(true);
  const auto n = static_cast<std::size_t>(images.size(0));
  const std::size_t parts = (n + std::min(options.at_once, n) - 1) / std::min(options.at_once, n);
  double mean_loss = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    const auto begin = static_cast<std::int64_t>(n * part / parts);
    const auto end = static_cast<std::int64_t>(n * (part + 1) / parts);
    at::Tensor loss;
    {
      const model::Autocast autocast(compute.device.type(), compute.bf16);
      const at::Tensor logits =
          network.forward(images.slice(0, begin, end), options.after).to(at::kFloat);
      loss = share * static_cast<double>(end - begin) / static_cast<double>(n) *
             at::cross_entropy_loss(logits, labels.slice(0, begin, end), /*weight=*/{},
                                    at::Reduction::Mean, /*ignore_index=*/-100,
                                    options.label_smoothing);
    }
    loss.backward();
    mean_loss += loss.item<double>();
  }
  return mean_loss;
}

double training_pass(model::Network& network, Sgd& sgd, const at::Tensor& images,
                     const at::Tensor& labels, const SgdOptions& sgd_options,
                     const Compute& compute, const PassOptions& options) {
  const double loss = accumulate_gradients(network, images, labels, 1, compute, options);
  sgd.step(sgd_options);
  return loss;
}

bool infer(model::Network& network, Output output, const Views& views, const Compute& compute,
           const OnRows& on_rows, const std::function<bool()>& should_stop) {
  network.set_training(false);
  if (views.count == 0) return true;
  const at::NoGradGuard no_grad;
  const auto engine = engine_for(network, output, views, compute);
  if (output == Output::kFeatures) return run(*engine, views, on_rows, should_stop);
  const auto width = static_cast<std::int64_t>(engine->feature_count());
  const auto on_features = [&](std::size_t begin, std::span<const float> features) {
    // from_blob wants mutable memory; the head only reads it.
    const at::Tensor inputs =
        at::from_blob(const_cast<float*>(features.data()),
                      {static_cast<std::int64_t>(features.size()) / width, width});
    const at::Tensor rows = network.head(inputs.to(compute.device)).to(at::kCPU).contiguous();
    on_rows(begin, {rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())});
  };
  return run(*engine, views, on_features, should_stop);
}

bool infer_layer(model::Network& network, std::size_t layer, const Views& views,
                 const Compute& compute, const OnRows& on_rows,
                 const std::function<bool()>& should_stop) {
  network.set_training(false);
  if (views.count == 0) return true;
  const at::NoGradGuard no_grad;
  engine::EngineOptions options = options_for(views, compute);
  options.layers = {layer};
  options.pooled = false;
  return run(*engine::make_engine(network, options), views, on_rows, should_stop);
}

}  // namespace frugal::train
