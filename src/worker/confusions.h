// What a trained network takes for what, small enough to go with every observation: the dashboard
// shows it (docs/http_api.md, "Confusions").
#pragma once

#include <cstddef>
#include <span>

#include "base/json.h"

namespace frugal::worker {

// {"photographs": [how many there are of each class],
//  "mistakes": [[class, taken for, how often], ...], the most frequent first and at most 400,
//  "left_out": photographs that were mistaken and stand in none of them}
// labels, predictions: classes of the same photographs, below `classes`.
Json confusions(std::span<const std::size_t> labels, std::span<const std::size_t> predictions,
                std::size_t classes);

}  // namespace frugal::worker
