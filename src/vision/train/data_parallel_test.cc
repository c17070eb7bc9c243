#include "vision/train/data_parallel.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "vision/train/trained_parameters.h"

namespace frugal::train {
namespace {

constexpr std::int64_t kPhotographs = 32, kClasses = 5;
constexpr SgdOptions kStep{.rate = 0.1, .momentum = 0.9, .weight_decay = 1e-3};

struct Learning {
  explicit Learning(unsigned threads)
      : network(make_pretrained(recipe, "", kClasses)),
        sgd(trained_parameters(*network, recipe)),
        parallel(*network, recipe, Compute(), threads) {}

  at::Tensor named(const std::string& name) const {
    for (const auto& [key, tensor] : network->state())
      if (key == name) return tensor;
    throw std::out_of_range(name);
  }

  const Recipe recipe;
  std::unique_ptr<model::Network> network;
  Sgd sgd;
  DataParallel parallel;
};

class DataParallelTest : public testing::Test {
 protected:
  at::Tensor images_ = at::randn({kPhotographs, 3, 32, 32});
  at::Tensor labels_ = at::randint(kClasses, {kPhotographs}, at::kLong);
};

TEST_F(DataParallelTest, StepsAsOneNetworkThatTakesTheHalvesOneAfterTheOther) {
  Learning alone(1), together(2);
  for (int step = 0; step < 2; ++step) {
    const double expected = training_pass(*alone.network, alone.sgd, images_, labels_, kStep,
                                          Compute(), {.at_once = 16});
    EXPECT_NEAR(together.parallel.pass(together.sgd, images_, labels_, kStep, {}), expected, 1e-4);
  }
  for (const char* name :
       {"conv1.weight", "layer3.0.bn1.weight", "layer4.1.conv2.weight", "fc.weight", "fc.bias"})
    EXPECT_TRUE(at::allclose(together.named(name), alone.named(name), 1e-3, 1e-4)) << name;
}

TEST_F(DataParallelTest, KeepsTheMeanOfThePartsStatistics) {
  Learning first(1), second(1), together(2);
  together.parallel.pass(together.sgd, images_, labels_, kStep, {});
  training_pass(*first.network, first.sgd, images_.slice(0, 0, 16), labels_.slice(0, 0, 16), kStep,
                Compute());
  training_pass(*second.network, second.sgd, images_.slice(0, 16), labels_.slice(0, 16), kStep,
                Compute());
  for (const char* name : {"bn1.running_mean", "layer4.1.bn2.running_var"}) {
    const at::Tensor mean = (first.named(name) + second.named(name)) / 2;
    EXPECT_TRUE(at::allclose(together.named(name), mean, 1e-3, 1e-5)) << name;
  }
}

TEST_F(DataParallelTest, LeavesNoGradientWhenAPartFailsAndGoesOn) {
  Learning alone(1), together(2);
  labels_[31] = kClasses;  // no such class
  EXPECT_ANY_THROW(together.parallel.pass(together.sgd, images_, labels_, kStep, {}));
  for (const at::Tensor& parameter : trained_parameters(*together.network, together.recipe))
    EXPECT_FALSE(parameter.grad().defined());
  labels_[31] = 0;
  const double expected =
      training_pass(*alone.network, alone.sgd, images_, labels_, kStep, Compute(), {.at_once = 16});
  EXPECT_NEAR(together.parallel.pass(together.sgd, images_, labels_, kStep, {}), expected, 1e-3);
}

TEST_F(DataParallelTest, TakesFewerPhotographsThanParts) {
  Learning together(2);
  EXPECT_GT(together.parallel.pass(together.sgd, images_.slice(0, 0, 3), labels_.slice(0, 0, 3),
                                   kStep, {}),
            0);
}

}  // namespace
}  // namespace frugal::train
