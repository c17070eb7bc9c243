#include "vision/explain/subset.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace frugal::explain {

data::Split with_share_of_training(const data::Split& split, const data::Dataset& dataset,
                                   double share, std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> of_class(dataset.classes.size());
  for (const std::size_t i : split.train) of_class[dataset.photographs[i].label].push_back(i);
  data::Split result = split;
  result.train.clear();
  const RandomStream stream = RandomStream(seed).derive("share of training");
  for (std::size_t label = 0; label < of_class.size(); ++label) {
    RandomStream random = stream.derive(label);
    const auto order = random.permutation(of_class[label].size());
    const auto wanted =
        static_cast<std::size_t>(std::lround(share * static_cast<double>(order.size())));
    const std::size_t kept = std::min(order.size(), std::max<std::size_t>(wanted, 1));
    for (std::size_t k = 0; k < kept; ++k) result.train.push_back(of_class[label][order[k]]);
  }
  std::ranges::sort(result.train);
  return result;
}

}  // namespace frugal::explain
