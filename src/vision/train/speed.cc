#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/random.h"
#include "vision/train/compute.h"
#include "vision/train/data_parallel.h"
#include "vision/train/train.h"
#include "vision/train/trained_parameters.h"
#include "vision/train/views.h"

namespace frugal::train {
namespace {

constexpr std::size_t kClasses = 100;
constexpr std::size_t kInferencePictures = 64;
constexpr std::size_t kLargestBatch = 32;  // larger ones are no faster, and take long to measure

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Photographs a second, of which work() does so many each time: for about `seconds`, after one
// time that does not count.
template <typename Work>
double rate_of(std::size_t photographs, double seconds, const Work& work) {
  work();
  const double start = now_seconds();
  double elapsed = 0;
  std::size_t done = 0;
  while (elapsed < seconds) {
    work();
    done += photographs;
    elapsed = now_seconds() - start;
  }
  return static_cast<double>(done) / elapsed;
}

// What frozen layers leave to the others.
at::Tensor activations(model::Network& network, std::span<const std::uint8_t> pixels,
                       data::Size view, std::size_t after, const Compute& compute) {
  const at::NoGradGuard no_grad;
  network.set_training(false);
  const at::Tensor given = network.layers(normalized(pixels, view, compute), 0, after);
  return compute.bf16 ? given.to(at::kBFloat16) : given;
}

Speed measure_one(const Recipe& recipe, unsigned threads, double seconds,
                  std::barrier<>& together) {
  use_threads(threads);
  const Compute compute = compute_for(recipe.precision, "auto");
  const auto network = make_pretrained(recipe, "", kClasses);
  Sgd sgd(trained_parameters(*network, recipe));
  DataParallel parallel(*network, recipe, compute, threads);

  const data::Size view{recipe.height, recipe.width}, start = training_view(recipe, 0);
  RandomStream random(recipe.seed);
  const std::size_t batch_size = std::min(recipe.batch(), kLargestBatch);
  std::vector<std::uint8_t> pixels(kInferencePictures * view.height * view.width * 3);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(random.bits());
  const auto batch_of = [&](data::Size size) {
    return std::span(pixels).first(batch_size * size.height * size.width * 3);
  };
  const at::Tensor labels = at::zeros({static_cast<std::int64_t>(batch_size)}, at::kLong);
  const SgdOptions options{.rate = 1e-4, .momentum = 0.9};
  const auto engine = engine::make_engine(*network, {.kind = compute.engine,
                                                     .precision = compute.features,
                                                     .view = view,
                                                     .batch = kInferencePictures,
                                                     .threads = threads,
                                                     .calibration = batch_of(view)});
  std::vector<float> features(kInferencePictures * engine->feature_count());
  Speed speed;
  const std::size_t after = recipe.frozen_layers();
  const at::Tensor behind =
      after > 0 ? activations(*network, batch_of(view), view, after, compute) : at::Tensor();
  const auto seconds_a_photograph = [&](data::Size size, double for_seconds) {
    together.arrive_and_wait();
    return 1 / rate_of(batch_size, for_seconds, [&] {
             parallel.pass(sgd, after > 0 ? behind : normalized(batch_of(size), size, compute),
                           labels, options, {.after = after});
           });
  };
  const bool grows = start.height != view.height || start.width != view.width;
  const double at_start = grows ? seconds_a_photograph(start, seconds / 6) : 0;
  speed.training_images_per_second =
      1 / mean_seconds(recipe, at_start, seconds_a_photograph(view, seconds / 2));
  together.arrive_and_wait();
  speed.inference_images_per_second =
      rate_of(kInferencePictures, seconds / 2, [&] { engine->compute(pixels, features); });
  return speed;
}

// LibTorch and oneDNN set themselves up at their first work: in one thread.
void warm_up() {
  Recipe recipe;
  recipe.height = recipe.width = 32;
  recipe.batch_exponent = 1;
  std::barrier<> alone(1);
  measure_one(recipe, 1, 0, alone);
}

}  // namespace

Speed measure_speed(const Recipe& recipe, unsigned workers, unsigned threads, double seconds) {
  // What is wrong is thrown here, where it can be caught.
  model::network_named(recipe.network);
  compute_for(recipe.precision, "auto");
  static std::once_flag warm;
  std::call_once(warm, warm_up);
  std::vector<Speed> speeds(std::max(workers, 1u));
  std::barrier together(static_cast<std::ptrdiff_t>(speeds.size()));
  {
    std::vector<std::jthread> running;
    for (Speed& speed : speeds)
      running.emplace_back([&] { speed = measure_one(recipe, threads, seconds, together); });
  }
  Speed mean;
  for (const Speed& speed : speeds) {
    mean.training_images_per_second +=
        speed.training_images_per_second / static_cast<double>(speeds.size());
    mean.inference_images_per_second +=
        speed.inference_images_per_second / static_cast<double>(speeds.size());
  }
  return mean;
}

}  // namespace frugal::train
