#include "vision/train/trained_parameters.h"

#include <cmath>

namespace frugal::train {
namespace {

// layer: 0 the stem, 1 to 4 the layers.
bool is_trained(int layer, const Recipe& recipe) {
  return recipe.frozen == Frozen::kNone || layer > static_cast<int>(recipe.frozen_layers());
}

}  // namespace

std::vector<at::Tensor> trained_parameters(const model::Network& network, const Recipe& recipe) {
  const std::vector<at::Tensor> backbone = network.backbone_parameters();
  const std::vector<int> layers = network.backbone_layers();
  std::vector<at::Tensor> parameters;
  for (std::size_t i = 0; i < backbone.size(); ++i)
    if (is_trained(layers[i], recipe)) parameters.push_back(backbone[i]);
  for (at::Tensor& parameter : network.head_parameters()) parameters.push_back(parameter);
  return parameters;
}

std::vector<double> rate_factors(const model::Network& network, const Recipe& recipe) {
  std::vector<double> factors;
  for (const int layer : network.backbone_layers())
    if (is_trained(layer, recipe)) factors.push_back(std::pow(recipe.layer_decay, 4 - layer));
  factors.insert(factors.end(), network.head_parameters().size(), recipe.head_rate);
  return factors;
}

}  // namespace frugal::train
