#include "vision/engine/engine.h"

#include <fmt/format.h>

#include "base/error.h"
#include "vision/engine/libtorch_engine.h"
#include "vision/engine/onednn_engine.h"

namespace frugal::engine {
namespace {

// Why that kind does not run here in that precision; "" when it does.
std::string obstacle(Kind kind, Precision precision) {
  if (kind == Kind::kOneDnn) return onednn_obstacle(precision);
  return precision == Precision::kInt8 ? "LibTorch's engine has no int8; use onednn" : "";
}

// Numbers that come out of a photograph.
std::size_t count_of(const EngineOptions& options, const model::NetworkSpec& spec) {
  std::size_t count = 0;
  for (const std::size_t layer : options.layers) {
    const std::size_t positions = model::positions_after(layer, options.view.height) *
                                  model::positions_after(layer, options.view.width);
    count += spec.channels(layer) * (options.pooled ? 1 : positions);
  }
  return count;
}

void require_layers(const EngineOptions& options) {
  const auto& layers = options.layers;
  bool right = !layers.empty() && layers.front() >= 1 && layers.back() <= model::kLayerCount &&
               (options.pooled || layers.size() == 1);
  for (std::size_t i = 1; i < layers.size(); ++i) right = right && layers[i - 1] < layers[i];
  if (!right)
    throw InputError(
        fmt::format("an engine gives the means of layers 1 to {} in their order, or "
                    "all that one of them gives; not {}layers [{}]",
                    model::kLayerCount, options.pooled ? "" : "all of ", fmt::join(layers, ", ")));
}

}  // namespace

std::string to_string(Kind kind) {
  return kind == Kind::kAuto ? "auto" : kind == Kind::kOneDnn ? "onednn" : "libtorch";
}

Kind kind_named(const std::string& name) {
  for (const Kind kind : {Kind::kAuto, Kind::kOneDnn, Kind::kLibTorch})
    if (to_string(kind) == name) return kind;
  throw InputError(fmt::format("engine: \"{}\" is none of auto, onednn, libtorch", name));
}

std::string to_string(Precision precision) {
  return precision == Precision::kFp32 ? "fp32" : precision == Precision::kBf16 ? "bf16" : "int8";
}

Kind choose(Kind asked, Precision precision) {
  const Kind first = asked == Kind::kAuto ? Kind::kOneDnn : asked;
  const std::string reason = obstacle(first, precision);
  if (reason.empty()) return first;
  if (asked == Kind::kAuto && obstacle(Kind::kLibTorch, precision).empty()) return Kind::kLibTorch;
  throw InputError(reason);
}

InferenceEngine::InferenceEngine(const EngineOptions& options, const model::NetworkSpec& spec)
    : options_(options), feature_count_(count_of(options, spec)) {
  options_.calibration = {};
}

void InferenceEngine::compute(std::span<const std::uint8_t> pixels, std::span<float> features) {
  const std::size_t each = options_.view.height * options_.view.width * 3;
  const std::size_t n = pixels.size() / each;
  if (n == 0 || n > options_.batch || pixels.size() != n * each)
    throw InputError(fmt::format("{} bytes are not 1 to {} photographs of {} x {} x 3",
                                 pixels.size(), options_.batch, options_.view.height,
                                 options_.view.width));
  if (features.size() != n * feature_count_)
    throw InputError(
        fmt::format("{} photographs have {} features each; there is room for {} in all", n,
                    feature_count_, features.size()));
  run(pixels, features);
}

std::unique_ptr<InferenceEngine> make_engine(model::Network& network,
                                             const EngineOptions& options) {
  const std::size_t each = options.view.height * options.view.width * 3;
  if (each == 0 || options.batch == 0)
    throw InputError(fmt::format("an engine for {} photographs of {} x {} has nothing to do",
                                 options.batch, options.view.height, options.view.width));
  if (options.precision == Precision::kInt8 &&
      (options.calibration.empty() || options.calibration.size() % each != 0))
    throw InputError(
        fmt::format("int8 needs whole photographs of {} x {} to calibrate with, not {} bytes",
                    options.view.height, options.view.width, options.calibration.size()));
  require_layers(options);
  EngineOptions chosen = options;
  chosen.kind = choose(options.kind, options.precision);
  if (chosen.kind == Kind::kOneDnn && network.spec().family != model::Family::kResNet) {
    if (options.precision == Precision::kInt8)
      throw InputError(
          fmt::format("features in int8 need oneDNN's engine, which runs ResNets alone; {} runs in "
                      "bf16 or fp32",
                      network.spec().name));
    chosen.kind = Kind::kLibTorch;
  }
  return chosen.kind == Kind::kOneDnn ? make_onednn_engine(network, chosen)
                                      : make_libtorch_engine(network, chosen);
}

}  // namespace frugal::engine
