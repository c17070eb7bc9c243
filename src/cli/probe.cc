#include "cli/probe.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "cli/plan.h"
#include "cli/signals.h"
#include "vision/train/train.h"

namespace frugal::cli {
namespace {

constexpr std::array<std::size_t, 4> kHeights = {48, 64, 96, 128};
constexpr std::size_t kEnoughAClass = 10;  // rather fewer pixels than fewer photographs a class
constexpr std::size_t kMostJudges = 500, kMostTaught = 4000;
constexpr double kJudges = 0.25;  // of the photographs that are looked at
constexpr std::size_t kFewest = 8;

double photographs_at(const ProbeRequest& request, std::size_t height) {
  const double scale = static_cast<double>(request.height) / static_cast<double>(height);
  return request.seconds * request.images_per_second * scale * scale;
}

// The most pixels at which there is time for enough photographs of each class.
std::size_t probe_height(const ProbeRequest& request, std::size_t classes) {
  const auto wanted = static_cast<double>(kEnoughAClass * classes);
  if (photographs_at(request, request.height) >= wanted) return request.height;
  std::size_t best = std::min(request.height, kHeights.front());
  for (const std::size_t height : kHeights)
    if (height < request.height && photographs_at(request, height) >= wanted) best = height;
  return best;
}

struct Sample {
  data::Dataset dataset;
  data::Split split;  // train: class by class in turn
};

Sample sample(const RunData& data, std::size_t taught, std::size_t judges) {
  Sample drawn;
  drawn.dataset = data.dataset;
  drawn.dataset.photographs.clear();
  const auto add = [&](const std::vector<std::size_t>& part, std::size_t count,
                       std::vector<std::size_t>& into) {
    for (const std::size_t i : in_turn(data.dataset, part, count)) {
      into.push_back(drawn.dataset.photographs.size());
      drawn.dataset.photographs.push_back(data.dataset.photographs[i]);
    }
  };
  add(data.split.train, taught, drawn.split.train);
  add(data.split.validation, judges, drawn.split.validation);
  return drawn;
}

}  // namespace

std::vector<std::size_t> in_turn(const data::Dataset& dataset,
                                 const std::vector<std::size_t>& photographs, std::size_t count) {
  std::map<std::size_t, std::size_t> seen;  // of each class
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (const std::size_t i : photographs)
    order.emplace_back(seen[dataset.photographs.at(i).label]++, i);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::size_t> chosen;
  for (std::size_t k = 0; k < std::min(count, order.size()); ++k) chosen.push_back(order[k].second);
  return chosen;
}

Probe probe_features(const RunData& data, const ProbeRequest& request, Console& console) {
  Probe probe{
      .height = probe_height(request, data.dataset.classes.size()), .sizes = {}, .correct = {}};
  const auto affordable = static_cast<std::size_t>(photographs_at(request, probe.height));
  const auto share = static_cast<std::size_t>(static_cast<double>(affordable) * kJudges);
  const std::size_t judges = std::clamp(share, kFewest, kMostJudges);
  const std::size_t taught =
      std::min({std::max(affordable - std::min(affordable, judges), 4 * kFewest), kMostTaught,
                data.split.train.size()});
  const Sample drawn = sample(data, taught, judges);
  train::Recipe recipe = train::default_recipe(train::Strategy::kFeatures);
  recipe.network = train::network_of(request.weights);
  recipe.height = probe.height;
  recipe.width = view_width(probe.height, data.median_aspect());
  recipe.head = train::Head::kRidge;
  const train::Environment environment{request.weights, request.cache, request.threads};
  train::prepare(recipe, drawn.dataset, environment, console);
  const auto validation = train::HeldOutPhotographs::validation(drawn.dataset, drawn.split);
  for (const std::size_t size : {taught / 4, taught / 2, taught}) {
    throw_if_stopped();
    data::Split part = drawn.split;
    part.train.resize(size);
    const auto summary = train::train(recipe, train::TrainingPhotographs(drawn.dataset, part),
                                      validation, environment, {});
    probe.sizes.push_back(size);
    auto& row = probe.correct.emplace_back();
    for (std::size_t j = 0; j < summary.validation.labels.size(); ++j)
      row.push_back(summary.validation.labels[j] == summary.validation.predictions[j]);
  }
  return probe;
}

}  // namespace frugal::cli
