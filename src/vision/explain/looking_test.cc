// What is seen of whole models: on photographs whose class nothing but one thing tells.
#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "vision/explain/augmented_judgement.h"
#include "vision/explain/class_activation.h"
#include "vision/explain/head_curve.h"
#include "vision/explain/layer_similarity.h"
#include "vision/explain/robustness.h"
#include "vision/explain/subject_state.h"
#include "vision/explain/testing.h"

namespace frugal::explain {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// A model that sees nothing but colour, made once.
class SeesColour : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    photographs_ = std::make_unique<testing::Photographs>();
    testing::fill_with_tints(*photographs_, 40);
    model_ = photographs_->train_head(32);
  }
  static void TearDownTestSuite() { photographs_.reset(); }

  static Subject subject() { return Subject::open(model_, photographs_->environment()); }
  static Gallery gallery(const Subject& subject) {
    return {subject, photographs_->test(), photographs_->environment(), silence_};
  }

  static inline std::unique_ptr<testing::Photographs> photographs_;
  static inline std::string model_;
  static inline SilentProgress silence_;
};

TEST_F(SeesColour, AndLosesOnGreyCopiesAndOnNoOthersThatKeepColour) {
  Subject model = subject();
  std::map<std::string, double> accuracy;
  for (const auto& judged : judge_altered(model, gallery(model), silence_))
    accuracy[judged.name] = judged.evaluation.accuracy;
  EXPECT_EQ(accuracy.size(), alterations().size() + 1);
  EXPECT_GT(accuracy["unaltered"], 0.9);
  EXPECT_LT(accuracy["grey"], 0.6);
  EXPECT_LT(accuracy["edges"], 0.6);
  EXPECT_LT(accuracy["colour-shuffled"], 0.6);
  EXPECT_GT(accuracy["cluttered"], 0.8);
}

TEST_F(SeesColour, SoAPolicyOfColourIsForeignToItAndMirrorImagesAreNot) {
  Subject model = subject();
  const Gallery shown = gallery(model);
  const auto accuracy = [&](const std::string& policy) {
    return judge_augmented(model, shown, augment::policy_named(policy), 0, silence_).accuracy;
  };
  EXPECT_EQ(judge_unaltered(model, shown, silence_).accuracy, accuracy("none"));
  EXPECT_GT(accuracy("horizontal_flip"), 0.9);
  EXPECT_LT(accuracy("grayscale"), 0.6);
}

TEST_F(SeesColour, LayersAreThoseThatTheyWereAndUnlikeOthers) {
  const Subject model = subject();
  const auto layers =
      layer_similarities(model, model_, model_ + "/model.pth", gallery(model), silence_);
  ASSERT_EQ(layers.size(), 4u);
  for (const LayerSimilarity& layer : layers) {
    EXPECT_NEAR(layer.before.cka, 1, 1e-6);
    EXPECT_LT(layer.fresh.cka, 0.999);
    EXPECT_LE(layer.fresh.low, layer.fresh.cka);
  }
}

TEST_F(SeesColour, FewPhotographsAreTooFewToCompareLayers) {
  const Subject model = subject();
  const Gallery few(
      model, train::HeldOutPhotographs::validation(photographs_->dataset, photographs_->split),
      photographs_->environment(), silence_);
  EXPECT_THAT([&] { layer_similarities(model, model_, "", few, silence_); },
              ThrowsMessage<InputError>(HasSubstr("40 photographs at least; there are 6")));
}

TEST_F(SeesColour, HeadsOnMorePhotographsAreNoWorse) {
  train::Recipe recipe = subject().recipe();
  const auto curve = head_curve(recipe, photographs_->dataset, photographs_->split,
                                photographs_->environment(), {{0.2, 0.5, 1}, 3}, silence_);
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0].photographs, 6u);
  EXPECT_EQ(curve[2].photographs, 30u);
  EXPECT_EQ(curve[0].correct.size(), 3u);
  EXPECT_EQ(curve[2].correct.size(), 1u);
  EXPECT_EQ(curve[1].correct[2].size(), 48u);
  EXPECT_EQ(head_of_curve(recipe), "ridge");
  const auto right = [](const std::vector<bool>& correct) {
    return std::ranges::count(correct, true);
  };
  EXPECT_GE(right(curve[2].correct[0]) + 4, right(curve[0].correct[0]));
}

// The gradient of the class's logit by LibTorch, and Grad-CAM as Selvaraju et al. write it.
TEST_F(SeesColour, TheClosedFormIsGradCam) {
  Subject model = subject();
  const Gallery shown = gallery(model);
  const auto maps = class_activations(model, shown, {{3, 1}, {4, 2}}, silence_);
  ASSERT_EQ(maps.size(), 2u);
  model::Network& network = *model.state().network;
  for (std::size_t i = 0; i < 2; ++i) {
    const at::Tensor input =
        train::normalized(shown.picture(3 + i).pixels, shown.view(), model.state().compute);
    const at::Tensor activations = network.layers(input, 0, 4).detach().requires_grad_(true);
    const at::Tensor logits = network.head(activations.mean(at::IntArrayRef({2, 3})));
    logits[0][static_cast<std::int64_t>(i + 1)].backward();
    const at::Tensor weights = activations.grad().mean(at::IntArrayRef({2, 3}), true);
    at::Tensor map = at::relu((weights * activations).sum(1)).flatten().detach();
    map = map * static_cast<double>(maps[i].height * maps[i].width);
    ASSERT_EQ(map.numel(), static_cast<std::int64_t>(maps[i].values.size()));
    for (std::size_t k = 0; k < maps[i].values.size(); ++k)
      EXPECT_NEAR(maps[i].values[k], map[static_cast<std::int64_t>(k)].item<float>(),
                  1e-4 * map.max().item<float>());
  }
}

TEST(ClassActivation, MassIsCountedWhereItLies) {
  ActivationMap map{4, 4, std::vector<float>(16, 0)};
  EXPECT_EQ(mass_inside(map, {0, 0, 2, 2}), std::nullopt);
  map.values[5] = 3;
  map.values[15] = 1;
  EXPECT_DOUBLE_EQ(*mass_inside(map, {0, 0, 2, 2}), 0.75);
  EXPECT_DOUBLE_EQ(*mass_inside(map, {0, 0, 4, 4}), 1);
}

TEST(ClassActivation, EnlargingKeepsValuesAtTheCentresAndLiesBetweenThem) {
  const ActivationMap large = enlarged({1, 2, {0, 1}}, {2, 8});
  const std::vector<float> row = {0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1};
  for (std::size_t x = 0; x < 8; ++x) {
    EXPECT_FLOAT_EQ(large.values[x], row[x]);
    EXPECT_FLOAT_EQ(large.values[8 + x], row[x]);
  }
}

constexpr std::size_t kView = 160, kPatch = 56;

// A grey picture with a patch of the class's colour in one of its corners.
data::Image with_patch(std::size_t label, std::size_t corner) {
  const std::size_t size = 184;  // the canvas of that view
  data::Image image{size, size, std::vector<std::uint8_t>(size * size * 3, 128)};
  const std::size_t top = corner / 2 == 0 ? 12 : size - 12 - kPatch;
  const std::size_t left = corner % 2 == 0 ? 12 : size - 12 - kPatch;
  for (std::size_t y = top; y < top + kPatch; ++y)
    for (std::size_t x = left; x < left + kPatch; ++x)
      for (std::size_t c = 0; c < 3; ++c)
        image.pixels[(y * size + x) * 3 + c] = c == label ? 250 : 20;
  return image;
}

// Mean activations of the last layer.
at::Tensor features_of(Subject& subject, const data::Image& canvas) {
  data::Image view{kView, kView, std::vector<std::uint8_t>(kView * kView * 3)};
  augment::center(canvas.pixels, {canvas.height, canvas.width}, {kView, kView}, view.pixels);
  return subject.state().network->features(
      train::normalized(view.pixels, {kView, kView}, subject.state().compute));
}

TEST(ClassActivation, LiesOnTheOnlyPatchThatTellsTheClass) {
  testing::Photographs photographs;
  photographs.dataset.classes = {"red", "green", "blue"};
  for (std::size_t i = 0; i < 24; ++i)
    photographs.add(with_patch(i % 3, i / 3 % 4), i % 3,
                    i < 9    ? photographs.split.train
                    : i < 12 ? photographs.split.validation
                             : photographs.split.test);
  Subject model = Subject::open(photographs.train_head(kView), photographs.environment());
  // A class is what its patch adds to a grey picture.
  const at::NoGradGuard no_grad;
  const std::size_t size = 184;
  const data::Image grey{size, size, std::vector<std::uint8_t>(size * size * 3, 128)};
  for (std::size_t label = 0; label < 3; ++label) {
    at::Tensor added = -4 * features_of(model, grey);
    for (std::size_t corner = 0; corner < 4; ++corner)
      added += features_of(model, with_patch(label, corner));
    model.state().network->head_parameters()[0][static_cast<std::int64_t>(label)].copy_(added[0]);
  }
  SilentProgress silence;
  const Gallery shown(model, photographs.test(), photographs.environment(), silence);
  std::vector<MapRequest> requests;
  for (std::size_t i = 0; i < shown.size(); ++i) requests.push_back({i, shown.labels()[i]});
  const auto maps = class_activations(model, shown, requests, silence);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t corner = (12 + i) / 3 % 4;
    const auto quarter = [](std::size_t which) {
      return augment::Window{which / 2 * kView / 2, which % 2 * kView / 2, kView / 2, kView / 2};
    };
    const ActivationMap map = enlarged(maps[i], shown.view());
    const double there = mass_inside(map, quarter(corner)).value();
    for (std::size_t other = 0; other < 4; ++other) {
      if (other == corner) continue;
      EXPECT_GT(there, mass_inside(map, quarter(other)).value()) << i;
    }
    EXPECT_GT(there, 0.3) << i;  // a quarter is 0.25
  }
}

}  // namespace
}  // namespace frugal::explain
