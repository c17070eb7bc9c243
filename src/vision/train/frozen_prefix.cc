#include "vision/train/frozen_prefix.h"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "vision/model/torch_compat.h"
#include "vision/train/test_logits.h"
#include "vision/train/views.h"

namespace frugal::train {

constexpr std::size_t kTestBatch = 64;

FrozenPrefix::FrozenPrefix(const Assignment& assignment, const Compute& compute,
                           ProgressSink& progress)
    : layer_(assignment.recipe.frozen_layers()),
      channels_(model::network_named(assignment.recipe.network).channels(layer_)),
      view_{assignment.recipe.height, assignment.recipe.width},
      test_view_(train::test_view(assignment.recipe)),
      compute_(compute),
      views_(open_frozen_views(assignment, layer_, progress)) {}

at::Tensor FrozenPrefix::gathered(const FrozenRows& rows, data::Size view) const {
  const auto side = [&](std::size_t pixels) {
    return static_cast<std::int64_t>(model::positions_after(layer_, pixels));
  };
  at::Tensor result =
      at::empty({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(channels_),
                 side(view.height), side(view.width)},
                at::TensorOptions(at::kBFloat16), at::MemoryFormat::ChannelsLast);
  auto* to = static_cast<std::byte*>(result.data_ptr());
  FRUGAL_CHECK(result.nbytes() == rows.size() * rows.front().size());
  for (const auto& row : rows) {
    std::memcpy(to, row.data(), row.size());
    to += row.size();
  }
  return compute_.bf16 ? result.to(compute_.device) : result.to(compute_.device, at::kFloat);
}

at::Tensor FrozenPrefix::batch(const std::vector<std::size_t>& positions, std::size_t epoch) const {
  FrozenRows rows;
  for (const std::size_t position : positions)
    rows.push_back(views_.training[views_.view_of(epoch, position)][position]);
  return gathered(rows, view_);
}

std::optional<std::vector<float>> FrozenPrefix::test_logits(
    model::Network& network, const std::function<bool()>& should_stop) const {
  network.set_training(false);
  auto result = logits(network, views_.validation, should_stop);
  if (!result || views_.mirrored_validation.empty()) return result;
  const auto mirrored = logits(network, views_.mirrored_validation, should_stop);
  if (!mirrored) return {};
  add_mean(*result, *mirrored);
  return result;
}

std::optional<std::vector<float>> FrozenPrefix::logits(
    model::Network& network, const FrozenRows& rows,
    const std::function<bool()>& should_stop) const {
  const at::NoGradGuard no_grad;
  const model::Autocast autocast(compute_.device.type(), compute_.bf16);
  std::vector<float> result;
  for (std::size_t begin = 0; begin < rows.size(); begin += kTestBatch) {
    if (should_stop()) return {};
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t n = std::min(kTestBatch, rows.size() - begin);
    const at::Tensor inputs =
        gathered(FrozenRows(first, first + static_cast<std::ptrdiff_t>(n)), test_view_);
    const at::Tensor found = network.forward(inputs, layer_).to(at::kCPU, at::kFloat).contiguous();
    result.insert(result.end(), found.data_ptr<float>(), found.data_ptr<float>() + found.numel());
  }
  return result;
}

}  // namespace frugal::train
