// What all networks share: tensors after a plan (layout.h), convolutions with batch norm, a linear
// head. A network adds how its layers follow from them. Plain ATen: a parameter is a tensor that
// requires a gradient, and autograd does the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vision/model/layout.h"
#include "vision/model/network.h"

namespace frugal::model {

// What a network is made from.
struct NetworkTensors {
  NetworkSpec spec;
  std::size_t class_count = 0, head_layers = 1;
  std::vector<TensorPlan> plans;
  std::vector<at::Tensor> tensors;  // as plans
};
// As make_network's.
NetworkTensors fresh_tensors(const NetworkSpec& spec, std::size_t class_count, std::uint64_t seed,
                             std::size_t head_layers, Backbone backbone);

class PlannedNetwork : public Network {
 public:
  explicit PlannedNetwork(NetworkTensors tensors);

  const NetworkSpec& spec() const override { return spec_; }
  std::size_t class_count() const override { return class_count_; }
  std::size_t head_layers() const override { return head_layers_; }
  at::Tensor layers(const at::Tensor& input, std::size_t after, std::size_t until) final;
  at::Tensor head(const at::Tensor& features) override;
  void set_training(bool training) override { training_ = training; }
  std::vector<at::Tensor> backbone_parameters() const override;
  std::vector<int> backbone_layers() const override;
  std::vector<at::Tensor> head_parameters() const override;
  StateDict state() const override;
  void load(const StateDict& state, const std::string& where, bool keep_head) override;
  void to_channels_last() override;

 protected:
  template <typename Made>
  std::unique_ptr<Network> twin_as() const {
    auto twin = std::make_unique<Made>(twin_tensors());
    twin->channels_last_ = channels_last_;
    return twin;
  }

  struct Norm {
    at::Tensor scale, shift, mean, variance, batch_count;
  };
  struct Stage {  // convolution and batch norm
    at::Tensor kernel;
    Norm norm;
    std::int64_t stride = 1;
    std::int64_t groups = 1;
  };

  const at::Tensor& tensor(const std::string& name) const;
  // depthwise: a kernel for each channel.
  Stage stage(const std::string& convolution, const std::string& norm, std::int64_t stride,
              bool depthwise = false) const;
  at::Tensor run(const Stage& stage, const at::Tensor& input);

 private:
  NetworkTensors twin_tensors() const;
  // What stands before layer 1, and one layer (1 to 4).
  virtual at::Tensor run_stem(const at::Tensor& images) = 0;
  virtual at::Tensor run_layer(std::size_t layer, const at::Tensor& input) = 0;

  const NetworkSpec spec_;
  const std::size_t class_count_, head_layers_;
  const std::vector<TensorPlan> plans_;
  std::vector<at::Tensor> tensors_;  // as plans_; those of stages are the same tensors
  bool training_ = false;
  bool channels_last_ = false;
};

}  // namespace frugal::model
