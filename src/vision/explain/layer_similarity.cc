#include "vision/explain/layer_similarity.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "vision/train/compute.h"
#include "vision/train/model_folder.h"

namespace frugal::explain {
namespace {

// For each layer, the products of what it gives.
std::vector<Eigen::MatrixXd> products_of(const train::Recipe& recipe, const std::string& weights,
                                         std::size_t classes, const Gallery& gallery,
                                         ProgressSink& progress) {
  train::Recipe on_all_layers = recipe;
  on_all_layers.feature_layers = model::kLayerCount;
  const auto network = train::make_pretrained(on_all_layers, weights, classes);
  train::Compute compute = train::compute_for("fp32", "auto");
  const std::size_t n = std::min(gallery.size(), kMostForSimilarity);
  const train::Views views{n, gallery.view(), [&](std::size_t i, std::span<std::uint8_t> pixels) {
                             std::ranges::copy(gallery.picture(i * gallery.size() / n).pixels,
                                               pixels.begin());
                           }};
  std::vector<std::vector<float>> of_layer(model::kLayerCount);
  const std::size_t width = network->feature_count();
  train::infer(
      *network, train::Output::kFeatures, views, compute,
      [&](std::size_t begin, std::span<const float> rows) {
        for (std::size_t row = 0; row < rows.size() / width; ++row) {
          std::size_t at = row * width;
          for (std::size_t layer = 1; layer <= model::kLayerCount; ++layer) {
            const std::size_t channels = network->spec().channels(layer);
            const auto part = rows.subspan(at, channels);
            of_layer[layer - 1].insert(of_layer[layer - 1].end(), part.begin(), part.end());
            at += channels;
          }
        }
        progress.progress({"comparing layers", begin + rows.size() / width, n});
      },
      [] { return false; });
  std::vector<Eigen::MatrixXd> products;
  for (const std::vector<float>& features : of_layer)
    products.push_back(centred_products(features, static_cast<Eigen::Index>(n)));
  return products;
}

}  // namespace

std::vector<LayerSimilarity> layer_similarities(const Subject& subject,
                                                const std::string& model_folder,
                                                const std::string& weights, const Gallery& gallery,
                                                ProgressSink& progress) {
  if (gallery.size() < kLeastForSimilarity)
    throw InputError(fmt::format("comparing layers needs {} photographs at least; there are {}",
                                 kLeastForSimilarity, gallery.size()));
  const train::Recipe& recipe = subject.recipe();
  const std::size_t classes = subject.classes().size();
  const auto after =
      products_of(recipe, train::weights_file(model_folder), classes, gallery, progress);
  const auto before = products_of(recipe, weights, classes, gallery, progress);
  train::Recipe other = recipe;
  ++other.seed;  // a network that began from nothing began from the recipe's own
  const auto fresh = products_of(other, "", classes, gallery, progress);
  std::vector<LayerSimilarity> similarities;
  for (std::size_t i = 0; i < model::kLayerCount; ++i)
    similarities.push_back({i + 1, alignment(after[i], before[i]), alignment(after[i], fresh[i])});
  return similarities;
}

}  // namespace frugal::explain
