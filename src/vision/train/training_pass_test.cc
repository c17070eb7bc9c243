#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "vision/train/compute.h"
#include "vision/train/weight_average.h"

namespace frugal::train {
namespace {

constexpr std::int64_t kPhotographs = 10, kClasses = 5;

class TrainingPass : public testing::Test {
 protected:
  TrainingPass() : network_(model::make_network(model::network_named("resnet18"), kClasses, 1)) {}

  // Of these photographs as one batch.
  at::Tensor log_probabilities(const at::Tensor& images) {
    const at::NoGradGuard no_grad;
    network_->set_training(true);
    return at::log_softmax(network_->forward(images), 1);
  }
  double pass(double rate, const PassOptions& options) {
    std::vector<at::Tensor> parameters = network_->backbone_parameters();
    for (const at::Tensor& parameter : network_->head_parameters()) parameters.push_back(parameter);
    Sgd sgd(parameters);
    return training_pass(*network_, sgd, images_, labels_, {.rate = rate}, Compute(), options);
  }

  std::unique_ptr<model::Network> network_;
  const at::Tensor images_ = at::randn({kPhotographs, 3, 32, 32});
  const at::Tensor labels_ = at::randint(kClasses, {kPhotographs}, at::kLong);
};

TEST_F(TrainingPass, SmoothedLabelsAreAMixtureWithTheUniform) {
  const at::Tensor targets = 0.8 * at::one_hot(labels_, kClasses) + 0.2 / kClasses;
  const double expected = -(targets * log_probabilities(images_)).sum(1).mean().item<double>();
  EXPECT_NEAR(pass(0, {.label_smoothing = 0.2}), expected, 1e-5);
}

TEST_F(TrainingPass, PartsOfABatchAddUpToItsLossAndItsGradient) {
  const at::Tensor bias = network_->head_parameters()[1], before = bias.detach().clone();
  // Ten photographs, four at once: 3, 3 and 4.
  std::vector<at::Tensor> parts;
  for (const auto& [begin, end] : {std::pair{0, 3}, {3, 6}, {6, 10}})
    parts.push_back(log_probabilities(images_.slice(0, begin, end)));
  const at::Tensor log_p = at::cat(parts), truth = at::one_hot(labels_, kClasses);
  const double expected = -(truth * log_p).sum(1).mean().item<double>();
  EXPECT_NEAR(pass(0.5, {.at_once = 4}), expected, 1e-5);
  const at::Tensor gradient = (log_p.exp() - truth).mean(0);
  EXPECT_TRUE(at::allclose(bias.detach(), before - 0.5 * gradient, 1e-4, 1e-5));
}

TEST(WeightAverage, IsTheWeightedSumOfTheWeights) {
  const at::NoGradGuard no_grad;
  at::Tensor weights = at::randn({7});
  WeightAverage average({weights}, 0.15);
  at::Tensor expected = weights.clone();
  for (std::size_t step = 0; step < 5; ++step) {
    weights.copy_(at::randn({7}));
    average.update(step);
    // (1 + t) / (10 + t) is .1 in the first step, .18 and more afterwards.
    const double decay = step == 0 ? 0.1 : 0.15;
    expected = decay * expected + (1 - decay) * weights;
  }
  const at::Tensor own = weights.clone();
  average.swap();
  EXPECT_TRUE(at::allclose(weights, expected, 1e-5, 1e-6));
  average.swap();
  EXPECT_TRUE(weights.equal(own));
}

}  // namespace
}  // namespace frugal::train
