#include "vision/train/compute.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "vision/model/torch_compat.h"

namespace frugal::train {
namespace {

constexpr std::size_t kInferenceBatch = 64;

at::Tensor per_channel(const float (&values)[3], const Compute& compute) {
  return at::tensor(at::ArrayRef<float>(values, 3)).view({1, 3, 1, 1}).to(compute.device);
}

}  // namespace

Compute compute_for(const std::string& precision) {
  return {at::kCPU, precision == "bf16" && __builtin_cpu_supports("avx512bf16")};
}

void use_threads(unsigned threads) {
  at::set_num_threads(static_cast<int>(std::max(threads, 1u)));
}

at::Tensor normalized(std::span<const std::uint8_t> pixels, data::Size view,
                      const Compute& compute) {
  const auto height = static_cast<std::int64_t>(view.height);
  const auto width = static_cast<std::int64_t>(view.width);
  const auto n = static_cast<std::int64_t>(pixels.size()) / (height * width * 3);
  // from_blob wants mutable memory; the conversion to float below copies out of it.
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(pixels.data()), {n, height, width, 3}, at::kByte);
  at::Tensor images = bytes.to(compute.device).permute({0, 3, 1, 2}).to(at::kFloat);
  images.sub_(per_channel(kChannelMean, compute).mul_(255));
  return images.div_(per_channel(kChannelDeviation, compute).mul_(255));
}

std::unique_ptr<model::Network> make_pretrained(const Recipe& recipe,
                                                const std::string& weights_path,
                                                std::size_t class_count) {
  const model::NetworkSpec& spec = model::network_named(recipe.network);
  auto network = model::make_network(spec, class_count, recipe.seed);
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

double training_pass(model::Network& network, Sgd& sgd, const at::Tensor& images,
                     const at::Tensor& labels, const SgdOptions& options, const Compute& compute) {
  network.set_training(true);
  at::Tensor loss;
  {
    const model::Autocast autocast(compute.device.type(), compute.bf16);
    loss = at::cross_entropy_loss(network.forward(images).to(at::kFloat), labels);
  }
  loss.backward();
  sgd.step(options);
  return loss.item<double>();
}

bool infer(model::Network& network, Output output, const Views& views, const Compute& compute,
           const OnRows& on_rows, const std::function<bool()>& should_stop) {
  const at::NoGradGuard no_grad;
  const model::Autocast autocast(compute.device.type(), compute.bf16);
  network.set_training(false);
  const std::size_t each = views.size.height * views.size.width * 3;
  std::vector<std::uint8_t> pixels;
  for (std::size_t begin = 0; begin < views.count; begin += kInferenceBatch) {
    if (should_stop()) return false;
    const std::size_t n = std::min(kInferenceBatch, views.count - begin);
    pixels.resize(n * each);
    for (std::size_t i = 0; i < n; ++i)
      views.fill(begin + i, std::span(pixels).subspan(i * each, each));
    const at::Tensor images = normalized(pixels, views.size, compute);
    at::Tensor rows =
        output == Output::kFeatures ? network.features(images) : network.forward(images);
    rows = rows.to(at::kCPU, at::kFloat).contiguous();
    on_rows(begin, {rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())});
  }
  return true;
}

}  // namespace frugal::train
