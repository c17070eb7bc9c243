#include "worker/confusions.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"

namespace frugal::worker {
namespace {

// Four kilobytes of text, as much as a learning curve.
constexpr std::size_t kMostMistakes = 400;

}  // namespace

Json confusions(std::span<const std::size_t> labels, std::span<const std::size_t> predictions,
                std::size_t classes) {
  FRUGAL_CHECK(labels.size() == predictions.size());
  std::vector<std::size_t> photographs(classes);
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ++photographs.at(labels[i]);
    if (labels[i] != predictions[i]) ++counts[{labels[i], predictions[i]}];
  }
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::size_t>> mistakes(counts.begin(),
                                                                                    counts.end());
  std::ranges::stable_sort(mistakes, std::greater(), [](const auto& each) { return each.second; });
  Json kept = Json::array();
  std::size_t left_out = 0;
  for (const auto& [pair, count] : mistakes)
    if (kept.size() < kMostMistakes)
      kept.push_back({pair.first, pair.second, count});
    else
      left_out += count;
  return {{"photographs", photographs}, {"mistakes", kept}, {"left_out", left_out}};
}

}  // namespace frugal::worker
