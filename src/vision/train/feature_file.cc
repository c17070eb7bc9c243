#include "vision/train/feature_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "vision/augment/policy.h"
#include "vision/data/cache.h"
#include "vision/engine/agreement.h"
#include "vision/train/compute.h"

namespace frugal::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "frugal features 1\n";
constexpr std::size_t kHeaderBytes = 4096;

struct Layout {
  std::uint64_t count = 0, feature_count = 0;
  std::string key;

  std::size_t file_bytes() const { return kHeaderBytes + count * feature_count * sizeof(float); }
};

Layout layout_of(const Recipe& recipe, const data::Dataset& dataset,
                 const Environment& environment) {
  std::string identity =
      fmt::format("{}{} {} {}x{} {}\n", kMagic, recipe.network,
                  weights_identity(recipe, environment.weights_path), recipe.height, recipe.width,
                  compute_for(recipe.precision, environment.engine).identity());
  for (const auto& photograph : dataset.photographs) identity += photograph.content_hash;
  return {dataset.photographs.size(), model::network_named(recipe.network).feature_count,
          sha256(identity)};
}

std::string header(const Layout& layout) {
  std::string text(kMagic);
  for (const std::uint64_t number : {layout.count, layout.feature_count})
    for (int byte = 0; byte < 8; ++byte) text += static_cast<char>(number >> (8 * byte) & 0xff);
  return text + layout.key;
}

// Empty when there is no such file, or one that is torn or of another format.
std::optional<MappedFile> open_whole(const fs::path& path, const Layout& layout) {
  std::error_code error;
  if (fs::file_size(path, error) != layout.file_bytes() || error) return std::nullopt;
  MappedFile file = MappedFile::open_read_only(path);
  const std::string expected = header(layout);
  if (file.bytes().size() != layout.file_bytes() ||
      std::memcmp(file.bytes().data(), expected.data(), expected.size()) != 0)
    return std::nullopt;
  return file;
}

// What int8 costs: these features against those in fp32, of some photographs.
void state_loss(model::Network& network, Views views, const Compute& compute,
                const std::byte* features, ProgressSink& progress) {
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
  const std::span found(reinterpret_cast<const float*>(features), expected.size());
  const auto agreement = engine::agreement(found, expected, network.spec().feature_count);
  progress.message(fmt::format(
      "features in int8: cosine with fp32 {:.5f} on average, {:.5f} at least, on {} photographs",
      agreement.mean_cosine, agreement.lowest_cosine, views.count));
}

// features: (count, feature_count)
void compute_features(const Recipe& recipe, const data::Dataset& dataset,
                      const Environment& environment, ProgressSink& progress, std::byte* features) {
  const data::Size view{recipe.height, recipe.width};
  const auto photographs = data::PhotographCache::open_or_build(
      dataset, augment::canvas_for(view), environment.cache_folder, environment.threads, progress);
  use_threads(environment.threads);
  const auto network = make_pretrained(recipe, environment.weights_path, dataset.classes.size());
  const Views views{photographs.size(), view, [&](std::size_t i, std::span<std::uint8_t> pixels) {
                      augment::center(photographs.pixels(i), photographs.canvas(), view, pixels);
                    }};
  const std::size_t row_bytes = network->spec().feature_count * sizeof(float);
  const Compute compute = compute_for(recipe.precision, environment.engine);
  infer(
      *network, Output::kFeatures, views, compute,
      [&](std::size_t begin, std::span<const float> rows) {
        std::memcpy(features + begin * row_bytes, rows.data(), rows.size_bytes());
        progress.progress(
            {"computing features", begin + rows.size_bytes() / row_bytes, photographs.size()});
      },
      [] { return false; });
  if (compute.features == engine::Precision::kInt8)
    state_loss(*network, views, compute, features, progress);
}

}  // namespace

bool FeatureFile::needed(const Recipe& recipe, const Environment& environment) {
  if (recipe.strategy == Strategy::kFeatures) return true;
  return recipe.head_start == HeadStart::kRidge && !environment.weights_path.empty();
}

FeatureFile FeatureFile::open_or_build(const Recipe& recipe, const data::Dataset& dataset,
                                       const Environment& environment, ProgressSink& progress) {
  const Layout layout = layout_of(recipe, dataset, environment);
  const fs::path path =
      fs::path(environment.cache_folder) / fmt::format("{}.features", layout.key.substr(0, 32));
  if (auto file = open_whole(path, layout))
    return {std::move(*file), layout.count, layout.feature_count};

  std::error_code error;
  fs::create_directories(environment.cache_folder, error);
  if (error)
    throw SystemError(fmt::format("cannot make {}", environment.cache_folder), error.value());
  const fs::path temporary = fmt::format("{}.{}.{}.tmp", path.string(), ::getpid(), ::gettid());
  try {
    MappedFile file = MappedFile::create(temporary, layout.file_bytes());
    compute_features(recipe, dataset, environment, progress,
                     file.writable_bytes().data() + kHeaderBytes);
    const std::string text = header(layout);
    std::memcpy(file.writable_bytes().data(), text.data(), text.size());
    file.sync();
    if (std::rename(temporary.c_str(), path.c_str()) != 0)
      throw SystemError(fmt::format("cannot write {}", path.string()), errno);
    return {std::move(file), layout.count, layout.feature_count};
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

FeatureFile::FeatureFile(MappedFile file, std::size_t count, std::size_t feature_count)
    : file_(std::move(file)), count_(count), feature_count_(feature_count) {}

std::span<const float> FeatureFile::row(std::size_t i) const {
  FRUGAL_CHECK(i < count_);
  const std::byte* begin = file_.bytes().data() + kHeaderBytes + i * feature_count_ * sizeof(float);
  return {reinterpret_cast<const float*>(begin), feature_count_};
}

}  // namespace frugal::train
