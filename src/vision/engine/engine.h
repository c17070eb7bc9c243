// Frozen networks, run fast: photographs in, features out. Behind one interface stand oneDNN, with
// batch norm folded into the convolutions, and LibTorch, the reference that it is compared with
// feature by feature.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vision/data/image.h"
#include "vision/model/network.h"

namespace frugal::engine {

enum class Kind { kAuto, kOneDnn, kLibTorch };
std::string to_string(Kind kind);
Kind kind_named(const std::string& name);  // "auto", "onednn", "libtorch"; throws InputError

// What convolutions multiply in; they add in fp32, or int32.
enum class Precision { kFp32, kBf16, kInt8 };
std::string to_string(Precision precision);  // "fp32", "bf16", "int8"

// The kind that runs here in that precision: what was asked for, and for kAuto oneDNN, or else
// LibTorch. Throws InputError that names what is missing: the library, an instruction set.
Kind choose(Kind asked, Precision precision);

struct EngineOptions {
  Kind kind = Kind::kAuto;
  Precision precision = Precision::kFp32;
  data::Size view;
  std::size_t batch = 64;  // photographs in one call, at most
  unsigned threads = 1;
  // For int8, which takes from them how large activations become: (m, height, width, 3), m of one
  // to a few hundred. Read while the engine is made, not afterwards.
  std::span<const std::uint8_t> calibration = {};
  // What comes out: the means over positions of what these layers give (1 to 4, ascending), one
  // layer after the other; or, not pooled, all that the one layer gives, (height, width, channels).
  std::vector<std::size_t> layers = {model::kLayerCount};
  bool pooled = true;
};

// Not thread-safe. The same pixels give the same bits, whatever the number of threads.
class InferenceEngine {
 public:
  virtual ~InferenceEngine() = default;

  // pixels: (n, height, width, 3), RGB, n from 1 to batch. features: (n, feature_count), what the
  // layers give of the normalized pixels in evaluation mode. Throws InputError when the pixels are
  // not so many whole photographs, or features has no room for just as many rows.
  void compute(std::span<const std::uint8_t> pixels, std::span<float> features);

  virtual Kind kind() const = 0;
  std::size_t feature_count() const { return feature_count_; }
  const EngineOptions& options() const { return options_; }
  // Weights, activations and working memory; 0 when not known (LibTorch).
  virtual std::size_t memory_bytes() const = 0;

 protected:
  InferenceEngine(const EngineOptions& options, const model::NetworkSpec& spec);

 private:
  virtual void run(std::span<const std::uint8_t> pixels, std::span<float> features) = 0;
  EngineOptions options_;
  std::size_t feature_count_;
};

// network: outlives the engine. What it learns meanwhile oneDNN's engine does not see; LibTorch's
// sets it to evaluation whenever it computes. What is no ResNet runs in LibTorch's. Throws as
// choose, and InputError for an empty view or batch, int8 without photographs to calibrate with,
// layers that are none or out of order.
std::unique_ptr<InferenceEngine> make_engine(model::Network& network, const EngineOptions& options);

}  // namespace frugal::engine
