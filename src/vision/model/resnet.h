// Deep residual networks (He et al. 2016, arXiv:1512.03385) as torchvision has them: the stride of
// a bottleneck block stands in its 3 × 3 convolution ("v1.5"). Plain ATen: a parameter is a tensor
// that requires a gradient, and autograd does the rest.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "vision/model/layout.h"
#include "vision/model/network.h"

namespace frugal::model {

class ResNet final : public Network {
 public:
  ResNet(const NetworkSpec& spec, std::size_t class_count, std::uint64_t seed,
         std::size_t head_layers);

  const NetworkSpec& spec() const override { return spec_; }
  std::size_t class_count() const override { return class_count_; }
  std::size_t head_layers() const override { return head_layers_; }
  at::Tensor layers(const at::Tensor& input, std::size_t after, std::size_t until) override;
  at::Tensor head(const at::Tensor& features) override;
  void set_training(bool training) override { training_ = training; }
  std::vector<at::Tensor> backbone_parameters() const override;
  std::vector<int> backbone_layers() const override;
  std::vector<at::Tensor> head_parameters() const override;
  StateDict state() const override;
  void load(const StateDict& state, const std::string& where, bool keep_head) override;
  void to_channels_last() override;

 private:
  struct Norm {
    at::Tensor scale, shift, mean, variance, batch_count;
  };
  struct Stage {  // convolution and batch norm
    at::Tensor kernel;
    Norm norm;
    std::int64_t stride = 1;
  };
  struct Block {
    std::vector<Stage> stages;    // two of a basic block, three of a bottleneck
    std::vector<Stage> shortcut;  // none or one
  };

  const at::Tensor& tensor(const std::string& name) const;
  Stage stage(const std::string& convolution, const std::string& norm, std::int64_t stride) const;
  Block block(const std::string& name, std::int64_t stride, bool shortcut) const;
  at::Tensor run(const Stage& stage, const at::Tensor& input);
  at::Tensor run(const Block& block, const at::Tensor& input);

  const NetworkSpec spec_;
  const std::size_t class_count_, head_layers_;
  const std::vector<TensorPlan> plans_;
  std::vector<at::Tensor> tensors_;  // as plans_; the members below are the same tensors
  Stage stem_;
  std::array<std::vector<Block>, kLayerCount> layers_;
  bool training_ = false;
  bool channels_last_ = false;
};

}  // namespace frugal::model
