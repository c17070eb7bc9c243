#include "vision/engine/libtorch_engine.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/Parallel.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <vector>

#include "vision/model/normalization.h"
#include "vision/model/torch_compat.h"

namespace frugal::engine {
namespace {

class LibTorchEngine final : public InferenceEngine {
 public:
  LibTorchEngine(model::Network& network, const EngineOptions& options)
      : InferenceEngine(options, network.spec()), network_(network) {}
  Kind kind() const override { return Kind::kLibTorch; }
  std::size_t memory_bytes() const override { return 0; }

 private:
  void run(std::span<const std::uint8_t> pixels, std::span<float> features) override {
    const auto height = static_cast<std::int64_t>(options().view.height);
    const auto width = static_cast<std::int64_t>(options().view.width);
    const auto n = static_cast<std::int64_t>(pixels.size()) / (height * width * 3);
    network_.set_training(false);
    at::set_num_threads(static_cast<int>(std::max(options().threads, 1u)));
    const at::NoGradGuard no_grad;
    const model::Autocast autocast(at::kCPU, options().precision == Precision::kBf16);
    // from_blob wants mutable memory; normalizing copies out of it.
    const at::Tensor bytes =
        at::from_blob(const_cast<std::uint8_t*>(pixels.data()), {n, height, width, 3}, at::kByte);
    at::Tensor x = model::normalized(bytes);
    std::vector<at::Tensor> outputs;
    std::size_t after = 0;
    for (const std::size_t layer : options().layers) {
      x = network_.layers(x, after, layer);
      outputs.push_back(options().pooled ? at::adaptive_avg_pool2d(x, {1, 1}).flatten(1)
                                         : x.permute({0, 2, 3, 1}).flatten(1));
      after = layer;
    }
    const at::Tensor rows = at::cat(outputs, 1).to(at::kFloat).contiguous();
    std::copy_n(rows.data_ptr<float>(), features.size(), features.begin());
  }

  model::Network& network_;
};

}  // namespace

std::unique_ptr<InferenceEngine> make_libtorch_engine(model::Network& network,
                                                      const EngineOptions& options) {
  return std::make_unique<LibTorchEngine>(network, options);
}

}  // namespace frugal::engine
