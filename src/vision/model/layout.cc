#include "vision/model/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "vision/model/mobilenet.h"
#include "vision/model/stored_tensor.h"

namespace frugal::model {
namespace {

class Planner {
 public:
  void convolution(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t side) {
    plans_.push_back({name + ".weight", {out, in, side, side}, Role::kConvolution});
  }

  void norm(const std::string& name, std::int64_t channels) {
    plans_.push_back({name + ".weight", {channels}, Role::kScale});
    plans_.push_back({name + ".bias", {channels}, Role::kShift});
    plans_.push_back({name + ".running_mean", {channels}, Role::kMean});
    plans_.push_back({name + ".running_var", {channels}, Role::kVariance});
    plans_.push_back({name + ".num_batches_tracked", {}, Role::kBatchCount});
  }

  // A convolution and its batch norm, which torchvision numbers 0 and 1.
  void pair(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t side) {
    convolution(name + ".0", out, in, side);
    norm(name + ".1", out);
  }

  void inverted_residual(const InvertedResidual& block) {
    const std::string name = block.name();
    const int first = block.widens() ? 1 : 0;
    if (block.widens()) pair(name + ".0", block.widened, block.in, 1);
    pair(fmt::format("{}.{}", name, first), block.widened, 1, 3);
    convolution(fmt::format("{}.{}", name, first + 1), block.out, block.widened, 1);
    norm(fmt::format("{}.{}", name, first + 2), block.out);
  }

  // in -> out channels, through width; shortcut: whether a convolution adapts the identity.
  void block(const std::string& name, std::int64_t in, std::int64_t width, std::int64_t out,
             bool bottleneck, bool shortcut) {
    convolution(name + ".conv1", width, in, bottleneck ? 1 : 3);
    norm(name + ".bn1", width);
    convolution(name + ".conv2", width, width, 3);
    norm(name + ".bn2", width);
    if (bottleneck) {
      convolution(name + ".conv3", out, width, 1);
      norm(name + ".bn3", out);
    }
    if (shortcut) {
      convolution(name + ".downsample.0", out, in, 1);
      norm(name + ".downsample.1", out);
    }
  }

  void head(const std::string& name, std::int64_t classes, std::int64_t features) {
    plans_.push_back({name + ".weight", {classes, features}, Role::kHead});
    plans_.push_back({name + ".bias", {classes}, Role::kHead});
  }

  std::vector<TensorPlan> take() { return std::move(plans_); }

 private:
  std::vector<TensorPlan> plans_;
};

// A list of offenders, cut after the first few.
class Offenders {
 public:
  void add(std::string text) {
    if (++count_ <= kShown) first_.push_back(std::move(text));
  }

  void describe(const char* kind, std::vector<std::string>& parts) const {
    if (count_ == 0) return;
    parts.push_back(fmt::format("{} {}: {}{}", count_, kind, fmt::join(first_, ", "),
                                count_ > kShown ? ", ..." : ""));
  }

 private:
  static constexpr std::size_t kShown = 4;
  std::size_t count_ = 0;
  std::vector<std::string> first_;
};

void plan_resnet(const NetworkSpec& spec, Planner& planner) {
  planner.convolution("conv1", 64, 3, 7);
  planner.norm("bn1", 64);
  std::int64_t in = 64;
  for (std::size_t layer = 0; layer < spec.blocks.size(); ++layer) {
    const std::int64_t width = std::int64_t{64} << layer;
    const std::int64_t out = spec.bottleneck ? 4 * width : width;
    for (std::size_t block = 0; block < spec.blocks[layer]; ++block) {
      // Only a layer's first block changes channels or, after layer 1, resolution.
      const bool shortcut = block == 0 && (layer > 0 || in != out);
      planner.block(fmt::format("layer{}.{}", layer + 1, block), in, width, out, spec.bottleneck,
                    shortcut);
      in = out;
    }
  }
}

void plan_mobilenet(Planner& planner) {
  planner.pair("features.0", kMobileStem, 3, 3);
  for (const InvertedResidual& block : inverted_residuals()) planner.inverted_residual(block);
  planner.pair("features.18", kMobileFeatures, inverted_residuals().back().out, 1);
}

}  // namespace

bool is_head(const std::string& name) {
  return name.starts_with("fc.") || name.starts_with("classifier.");
}

int layer_of(const NetworkSpec& spec, const std::string& name) {
  if (spec.family == Family::kResNet) return name.starts_with("layer") ? name[5] - '0' : 0;
  const int stage = std::stoi(name.substr(std::string_view("features.").size()));
  if (stage == 0) return 0;
  for (const InvertedResidual& block : inverted_residuals())
    if (block.stage == static_cast<std::size_t>(stage)) return static_cast<int>(block.layer);
  return static_cast<int>(kLayerCount);
}

std::vector<TensorPlan> layout_of(const NetworkSpec& spec, std::size_t class_count,
                                  std::size_t head_layers) {
  Planner planner;
  if (spec.family == Family::kResNet)
    plan_resnet(spec, planner);
  else
    plan_mobilenet(planner);
  planner.head(spec.head, static_cast<std::int64_t>(class_count),
               static_cast<std::int64_t>(spec.channels_of_last(head_layers)));
  return planner.take();
}

std::string differences(const std::vector<TensorPlan>& plans, const StateDict& state,
                        bool with_head) {
  std::unordered_map<std::string_view, const at::Tensor*> given;
  for (const auto& [name, tensor] : state)
    if (with_head || !is_head(name)) given.emplace(name, &tensor);

  Offenders missing, unexpected, misshapen;
  for (const TensorPlan& plan : plans) {
    if (!with_head && plan.role == Role::kHead) continue;
    const auto found = given.find(plan.name);
    if (found == given.end()) {
      if (plan.role != Role::kBatchCount)
        missing.add(fmt::format("{} {}", plan.name, shape_text(plan.sizes)));
      continue;
    }
    if (found->second->sizes() != at::IntArrayRef(plan.sizes))
      misshapen.add(fmt::format("{} is {}, must be {}", plan.name,
                                shape_text(found->second->sizes()), shape_text(plan.sizes)));
    given.erase(found);
  }
  for (const auto& [name, tensor] : state)  // in the file's order
    if (given.contains(name))
      unexpected.add(fmt::format("{} {}", name, shape_text(tensor.sizes())));

  std::vector<std::string> parts;
  missing.describe("missing", parts);
  unexpected.describe("unexpected", parts);
  misshapen.describe("misshapen", parts);
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace frugal::model
