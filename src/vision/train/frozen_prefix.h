// Fine-tuning behind frozen layers: what these make of the photographs is computed once, so that an
// epoch costs only the layers behind them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "vision/model/network.h"
#include "vision/train/compute.h"
#include "vision/train/frozen_views.h"

namespace frugal::train {

class FrozenPrefix {
 public:
  // assignment.recipe.frozen: not none. Computes what is not there.
  FrozenPrefix(const Assignment& assignment, const Compute& compute, ProgressSink& progress);

  // What goes into the layers behind, (n, channels, height, width), of the training photographs at
  // those positions.
  at::Tensor batch(const std::vector<std::size_t>& positions, std::size_t epoch) const;

  // (n, class_count) of the validation photographs, as train::test_logits. The network is left in
  // evaluation mode.
  std::optional<std::vector<float>> test_logits(model::Network& network,
                                                const std::function<bool()>& should_stop) const;

 private:
  at::Tensor gathered(const FrozenRows& rows, data::Size view) const;
  // Empty when should_stop said so.
  std::optional<std::vector<float>> logits(model::Network& network, const FrozenRows& rows,
                                           const std::function<bool()>& should_stop) const;

  const std::size_t layer_, channels_;
  const data::Size view_, test_view_;
  const Compute compute_;
  const FrozenViews views_;
};

}  // namespace frugal::train
