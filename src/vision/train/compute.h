// Where and in which precision networks run, and how pictures get into them: the one place that
// knows of devices, of autocast and of engines.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include "vision/data/image.h"
#include "vision/engine/engine.h"
#include "vision/model/network.h"
#include "vision/train/learner.h"
#include "vision/train/recipe.h"
#include "vision/train/sgd.h"

namespace frugal::train {

struct Compute {
  at::Device device = at::kCPU;
  bool bf16 = false;  // training, and everything but features
  engine::Precision features = engine::Precision::kFp32;
  engine::Kind engine = engine::Kind::kLibTorch;  // what does not learn runs on it
  // "bf16 onednn": what results depend on
  std::string identity() const;
};

// precision: Recipe::precision. bf16 only where the processor multiplies in it. engine:
// Environment::engine. Throws InputError as engine::choose and engine::kind_named.
Compute compute_for(const std::string& precision, const std::string& engine);

// Of this thread of control: what LibTorch, OpenMP and Eigen start from it.
void use_threads(unsigned threads);

// pixels: (n, height, width, 3). Returns (n, 3, height, width), fp32, channels last.
at::Tensor normalized(std::span<const std::uint8_t> pixels, data::Size view,
                      const Compute& compute);

// The recipe's network with the weights of that file and a head of its own for so many classes;
// freshly initialized from the recipe's seed when the path is "". Throws InputError when the file
// holds another network.
std::unique_ptr<model::Network> make_pretrained(const Recipe& recipe,
                                                const std::string& weights_path,
                                                std::size_t class_count);
// The same text for the same weights.
std::string weights_identity(const Recipe& recipe, const std::string& weights_path);

struct PassOptions {
  double label_smoothing = 0;  // as torch.nn.CrossEntropyLoss
  // Photographs that go through the network at once; their gradients add up to those of the batch,
  // but batch norm sees no more than so many.
  std::size_t at_once = std::numeric_limits<std::size_t>::max();
  std::size_t after = 0;  // images are what that layer gave, and the layers behind it learn
};

// Adds the gradients of share × the mean cross-entropy to what the parameters have, batch norm
// learning too. images, labels: as training_pass. Returns share × that mean.
double accumulate_gradients(model::Network& network, const at::Tensor& images,
                            const at::Tensor& labels, double share, const Compute& compute,
                            const PassOptions& options);
// One step of SGD, batch norm learning too. images: normalized; labels: (n) int64, or (n, classes)
// shares of the classes. Returns the mean cross-entropy before it.
double training_pass(model::Network& network, Sgd& sgd, const at::Tensor& images,
                     const at::Tensor& labels, const SgdOptions& sgd_options,
                     const Compute& compute, const PassOptions& options = {});

// Pictures as the network sees them.
struct Views {
  std::size_t count = 0;
  data::Size size;
  // Fills in view i: (height, width, 3).
  std::function<void(std::size_t i, std::span<std::uint8_t> pixels)> fill;
};
enum class Output { kFeatures, kLogits };
// rows: (n, feature_count or class_count) of the views begin, begin + 1, ...
using OnRows = std::function<void(std::size_t begin, std::span<const float> rows)>;

// All views through the network in evaluation mode, which it is left in; by compute.engine, with
// the threads that LibTorch has. int8 is calibrated with some of the views. False when should_stop,
// asked between batches, said so.
bool infer(model::Network& network, Output output, const Views& views, const Compute& compute,
           const OnRows& on_rows, const std::function<bool()>& should_stop);
// Likewise all that a layer (1 to 4) gives: rows (n, height × width × channels). Never in int8.
bool infer_layer(model::Network& network, std::size_t layer, const Views& views,
                 const Compute& compute, const OnRows& on_rows,
                 const std::function<bool()>& should_stop);

}  // namespace frugal::train
