#include "vision/train/frozen_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "vision/augment/policy.h"
#include "vision/data/cache.h"
#include "vision/engine/agreement.h"
#include "vision/train/compute.h"
#include "vision/train/test_logits.h"

namespace frugal::train {

struct FrozenOutputs::Request {
  const FrozenSource& source;
  const data::Dataset& dataset;
  std::vector<std::size_t> photographs;
  data::Size view;
  bool mirrored = false;
  std::size_t number = 0;  // of an augmented view; 0: the centre

  const Recipe& recipe() const { return source.recipe; }
  // As recipe(), with a head that reads all layers.
  Recipe on_all_layers() const;
  std::size_t width() const;  // numbers in a row
  std::size_t skipped_bytes() const;
  std::size_t number_bytes() const {
    return source.layer == 0 ? sizeof(float) : sizeof(std::uint16_t);
  }
  data::CacheContent content() const;
  void fill(std::span<std::byte> payload) const;
};

namespace {

std::vector<std::size_t> all_of(const data::Dataset& dataset) {
  std::vector<std::size_t> all(dataset.photographs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

// Rounded to nearest, ties to even; what is not a number stays none.
std::uint16_t bf16_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) return 0x7fc0;
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// What int8 costs: these features against those in fp32, of some photographs.
void state_loss(model::Network& network, Views views, const Compute& compute,
                std::span<const std::byte> features, ProgressSink& progress) {
  constexpr std::size_t kCompared = 32;
  views.count = std::min(kCompared, views.count);
  Compute fp32 = compute;
  fp32.features = engine::Precision::kFp32;
  fp32.bf16 = false;
  std::vector<float> expected;
  infer(
      network, Output::kFeatures, views, fp32,
      [&](std::size_t, std::span<const float> rows) {
        expected.insert(expected.end(), rows.begin(), rows.end());
      },
      [] { return false; });
  const std::span found(reinterpret_cast<const float*>(features.data()), expected.size());
  const auto agreement = engine::agreement(found, expected, network.feature_count());
  progress.message(fmt::format(
      "features in int8: cosine with fp32 {:.5f} on average, {:.5f} at least, on {} photographs",
      agreement.mean_cosine, agreement.lowest_cosine, views.count));
}

}  // namespace

bool needs_features(const Recipe& recipe, const Environment& environment) {
  if (recipe.strategy == Strategy::kFeatures) return true;
  return recipe.head_start == HeadStart::kRidge && !environment.weights_path.empty();
}

Recipe FrozenOutputs::Request::on_all_layers() const {
  Recipe result = recipe();
  result.feature_layers = model::kLayerCount;
  return result;
}

std::size_t FrozenOutputs::Request::skipped_bytes() const {
  if (source.layer != 0) return 0;
  const model::NetworkSpec& spec = model::network_named(recipe().network);
  return (width() - spec.channels_of_last(recipe().feature_layers)) * number_bytes();
}

std::size_t FrozenOutputs::Request::width() const {
  const model::NetworkSpec& spec = model::network_named(recipe().network);
  if (source.layer == 0) return spec.channels_of_last(model::kLayerCount);
  return spec.channels(source.layer) * model::positions_after(source.layer, view.height) *
         model::positions_after(source.layer, view.width);
}

data::CacheContent FrozenOutputs::Request::content() const {
  const std::string what =
      source.layer == 0 ? "means of all layers" : fmt::format("layer {}", source.layer);
  const std::string shown =
      number == 0 ? std::string(mirrored ? "mirrored" : "center")
                  : fmt::format("augmented {} {}", number,
                                augment::to_json(augment::policy_named(recipe().augment)).dump());
  data::CacheContent content{
      .kind = source.layer == 0 ? "features" : "activations",
      .version = 2,
      .identity = fmt::format(
          "{} {} {}x{} {} {} {}\n", recipe().network, source.weights, view.height, view.width,
          compute_for(recipe().precision, source.environment.engine).identity(), what, shown),
      .bytes = photographs.size() * width() * number_bytes()};
  for (const std::size_t i : photographs) content.identity += dataset.photographs[i].content_hash;
  return content;
}

void FrozenOutputs::Request::fill(std::span<std::byte> payload) const {
  const Environment& environment = source.environment;
  const data::Size canvas = augment::canvas_for({recipe().height, recipe().width});
  const auto cache = data::PhotographCache::open_or_build(dataset, canvas, environment.cache(),
                                                          environment.threads, source.progress);
  use_threads(environment.threads);
  const auto network =
      make_pretrained(on_all_layers(), environment.weights_path, dataset.classes.size());
  const augment::Policy policy = augment::policy_named(recipe().augment);
  const RandomStream draws = RandomStream(0).derive("view").derive(number);
  const Views views{photographs.size(), view, [&](std::size_t i, std::span<std::uint8_t> pixels) {
                      const std::size_t photograph = photographs[i];
                      if (number == 0)
                        augment::center(cache.pixels(photograph), canvas, view, pixels);
                      else
                        augment::apply(policy, cache.pixels(photograph), canvas, view,
                                       draws.derive(dataset.photographs[photograph].content_hash),
                                       pixels);
                      if (mirrored) mirror(pixels, view);
                    }};
  const Compute compute = compute_for(recipe().precision, environment.engine);
  const std::size_t row_bytes = width() * number_bytes();
  const auto keep = [&](std::size_t begin, std::span<const float> rows) {
    std::byte* const to = payload.data() + begin * row_bytes;
    if (source.layer == 0)
      std::memcpy(to, rows.data(), rows.size_bytes());
    else
      std::transform(rows.begin(), rows.end(), reinterpret_cast<std::uint16_t*>(to), bf16_of);
    source.progress.progress(
        {"computing features", begin + rows.size() / width(), photographs.size()});
  };
  const auto never = [] { return false; };
  if (source.layer == 0)
    infer(*network, Output::kFeatures, views, compute, keep, never);
  else
    infer_layer(*network, source.layer, views, compute, keep, never);
  if (source.layer == 0 && compute.features == engine::Precision::kInt8)
    state_loss(*network, views, compute, payload, source.progress);
}

FrozenOutputs FrozenOutputs::of_center(const FrozenSource& source, const data::Dataset& dataset,
                                       data::Size view, bool mirrored) {
  return open_or_build({source, dataset, all_of(dataset), view, mirrored});
}

FrozenOutputs FrozenOutputs::of_augmented(const FrozenSource& source,
                                          const TrainingPhotographs& training, std::size_t number) {
  FRUGAL_CHECK(number > 0);
  return open_or_build({.source = source,
                        .dataset = training.dataset(),
                        .photographs = training.indices(),
                        .view = {source.recipe.height, source.recipe.width},
                        .number = number});
}

FrozenOutputs FrozenOutputs::open_or_build(const Request& request) {
  return {
      data::CacheFile::open_or_build(
          request.source.environment.cache(), request.content(),
          [&](std::span<std::byte> payload) { request.fill(payload); }, request.source.progress),
      request.photographs.size(), request.skipped_bytes()};
}

FrozenOutputs::FrozenOutputs(data::CacheFile file, std::size_t count, std::size_t skipped_bytes)
    : file_(std::move(file)), count_(count), skipped_bytes_(skipped_bytes) {}

std::span<const std::byte> FrozenOutputs::row(std::size_t i) const {
  FRUGAL_CHECK(i < count_);
  const std::size_t each = file_.payload().size() / count_;
  return file_.payload().subspan(i * each, each).subspan(skipped_bytes_);
}

std::span<const float> FrozenOutputs::features(std::size_t i) const {
  const auto bytes = row(i);
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace frugal::train
