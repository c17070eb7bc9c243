#include "vision/engine/engine.h"

#include <ATen/core/ivalue.h>  // first: Clang in C++20 needs it whole

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/random.h"
#include "vision/engine/agreement.h"
#include "vision/engine/onednn_engine.h"
#include "vision/model/layout.h"
#include "vision/model/normalization.h"
#include "vision/model/weights.h"

namespace frugal::engine {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

using Pixels = std::vector<std::uint8_t>;
using Features = std::vector<float>;

// Something like photographs: two waves of random colour, length and direction, and a little noise.
Pixels pictures(std::size_t n, data::Size view, std::uint64_t seed = 1) {
  Pixels pixels;
  for (std::size_t i = 0; i < n; ++i) {
    RandomStream random = RandomStream(seed).derive(i);
    std::vector<double> wave(12);
    for (double& number : wave) number = random.uniform(-0.4, 0.4);
    for (std::size_t y = 0; y < view.height; ++y)
      for (std::size_t x = 0; x < view.width; ++x)
        for (std::size_t c = 0; c < 3; ++c) {
          const double here = std::sin(wave[0] * double(x) + wave[1] * double(y) + 9 * wave[c + 2]);
          const double there = std::sin(wave[5] * double(x) + wave[6] * double(y));
          const double value =
              128 + 100 * here * wave[7 + c] * 2 + 60 * there + 12 * random.normal();
          pixels.push_back(static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)));
        }
  }
  return pixels;
}

// Random weights, and batch norm as after some training: no statistic is 0 or 1. Made once.
std::shared_ptr<model::Network> random_network(const std::string& name) {
  static std::map<std::string, std::shared_ptr<model::Network>> made;
  auto& network = made[name];
  if (network != nullptr) return network;
  network = model::make_network(model::network_named(name), 10, 7);
  const auto plans = model::layout_of(network->spec(), 10);
  const at::NoGradGuard no_grad;
  RandomStream random(3);
  for (auto& [tensor_name, tensor] : network->state())
    for (const model::TensorPlan& plan : plans) {
      if (plan.name != tensor_name || plan.sizes.size() != 1 || plan.role == model::Role::kHead)
        continue;
      float* values = tensor.data_ptr<float>();
      const bool positive = plan.role == model::Role::kScale || plan.role == model::Role::kVariance;
      // Branches that grew as large as the trunk would let a hundred layers grow beyond bounds.
      for (std::int64_t i = 0; i < tensor.numel(); ++i)
        values[i] = static_cast<float>(positive ? random.uniform(0.4, 0.8) : random.normal() * 0.1);
    }
  return network;
}

Features features_of(InferenceEngine& engine, const Pixels& pixels) {
  const std::size_t each = engine.options().view.height * engine.options().view.width * 3;
  Features features(pixels.size() / each * engine.feature_count());
  const std::size_t step = engine.options().batch * each;
  for (std::size_t begin = 0; begin < pixels.size(); begin += step) {
    const std::size_t size = std::min(step, pixels.size() - begin);
    engine.compute(std::span(pixels).subspan(begin, size),
                   std::span(features).subspan(begin / each * engine.feature_count(),
                                               size / each * engine.feature_count()));
  }
  return features;
}

Features reference(model::Network& network, data::Size view, const Pixels& pixels) {
  const auto engine = make_engine(
      network, {.kind = Kind::kLibTorch, .precision = Precision::kFp32, .view = view, .batch = 8});
  return features_of(*engine, pixels);
}

#define SKIP_WITHOUT(precision) \
  if (const std::string reason = onednn_obstacle(precision); !reason.empty()) GTEST_SKIP() << reason

struct Case {
  std::string network;
  data::Size view;
  std::size_t count, batch;
  unsigned threads;
};

class OneDnn : public testing::TestWithParam<Case> {
 protected:
  Agreement agreement_in(Precision precision) const {
    const Case& given = GetParam();
    const auto network = random_network(given.network);
    const Pixels pixels = pictures(given.count, given.view);
    const Pixels others = pictures(12, given.view, 2);
    const auto engine = make_engine(*network, {.kind = Kind::kOneDnn,
                                               .precision = precision,
                                               .view = given.view,
                                               .batch = given.batch,
                                               .threads = given.threads,
                                               .calibration = others});
    EXPECT_GT(engine->memory_bytes(), 0u);
    return agreement(features_of(*engine, pixels), reference(*network, given.view, pixels),
                     engine->feature_count());
  }
};
INSTANTIATE_TEST_SUITE_P(
    Cases, OneDnn,
    testing::Values(Case{"resnet18", {64, 80}, 7, 3, 2}, Case{"resnet18", {225, 191}, 2, 2, 1},
                    Case{"resnet18", {33, 32}, 1, 1, 2}, Case{"resnet34", {64, 80}, 3, 8, 2},
                    Case{"resnet50", {64, 80}, 5, 4, 2}, Case{"resnet50", {97, 63}, 3, 2, 1},
                    Case{"resnet101", {48, 48}, 2, 2, 1}),
    [](const auto& test) {
      return test.param.network + "_" + std::to_string(test.param.view.height) + "x" +
             std::to_string(test.param.view.width);
    });

TEST_P(OneDnn, InFp32GivesLibTorchsFeatures) {
  SKIP_WITHOUT(Precision::kFp32);
  EXPECT_LT(agreement_in(Precision::kFp32).largest_difference, 1e-5);
}

TEST_P(OneDnn, InBf16IsNear) {
  SKIP_WITHOUT(Precision::kBf16);
  EXPECT_GE(agreement_in(Precision::kBf16).lowest_cosine, 0.9999);
}

TEST_P(OneDnn, InInt8IsNear) {
  SKIP_WITHOUT(Precision::kInt8);
  EXPECT_GE(agreement_in(Precision::kInt8).lowest_cosine, 0.999);
}

class EveryPrecision : public testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(Precisions, EveryPrecision,
                         testing::Values(Precision::kFp32, Precision::kBf16, Precision::kInt8),
                         [](const auto& test) { return to_string(test.param); });

TEST_P(EveryPrecision, FeaturesDependOnNeitherThreadsNorNeighbours) {
  SKIP_WITHOUT(GetParam());
  const auto network = random_network("resnet18");
  const data::Size view{64, 48};
  const Pixels pixels = pictures(11, view), others = pictures(5, view, 2);
  Features first;
  for (const std::size_t batch : {1u, 4u, 11u})
    for (const unsigned threads : {1u, 3u}) {
      const auto engine = make_engine(*network, {.kind = Kind::kOneDnn,
                                                 .precision = GetParam(),
                                                 .view = view,
                                                 .batch = batch,
                                                 .threads = threads,
                                                 .calibration = others});
      const Features features = features_of(*engine, pixels);
      EXPECT_EQ(features, features_of(*engine, pixels)) << "a second time";
      if (first.empty()) first = features;
      EXPECT_LT(agreement(features, first, 512).largest_difference, 1e-6)
          << batch << " at a time, " << threads << " threads";
    }
}

TEST_P(EveryPrecision, TheSharedNetworkKeepsItsFeatures) {
  SKIP_WITHOUT(GetParam());
  const char* named = std::getenv("FRUGAL_SHARED");
  const std::string shared = named != nullptr ? named : FRUGAL_SHARED_DEFAULT;
  const std::string path = shared + "/weights/resnet18-in200.pth";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const auto network = model::make_network(model::network_named("resnet18"), 200, 1);
  network->load(model::read_weights(path), path, /*keep_head=*/true);
  const data::Size view{112, 112};
  const Pixels pixels = pictures(8, view), others = pictures(24, view, 2);
  const auto engine = make_engine(*network, {.kind = Kind::kOneDnn,
                                             .precision = GetParam(),
                                             .view = view,
                                             .batch = 8,
                                             .threads = 2,
                                             .calibration = others});
  const Agreement found =
      agreement(features_of(*engine, pixels), reference(*network, view, pixels), 512);
  switch (GetParam()) {
    case Precision::kFp32:
      EXPECT_LT(found.largest_difference, 1e-5);
      break;
    case Precision::kBf16:
      EXPECT_GE(found.lowest_cosine, 0.9999);
      break;
    case Precision::kInt8:
      EXPECT_GE(found.mean_cosine, 0.999);
      break;
  }
}

// The layers by LibTorch, one after the other, their means by its own mean.
TEST_P(EveryPrecision, GivesTheMeansOfSeveralLayersOrAllThatOneGives) {
  SKIP_WITHOUT(GetParam());
  const auto network = random_network("resnet50");
  const data::Size view{65, 48};
  const Pixels pixels = pictures(5, view), others = pictures(12, view, 2);
  EngineOptions options{.precision = GetParam(),
                        .view = view,
                        .batch = 5,
                        .threads = 2,
                        .calibration = others,
                        .layers = {1, 3, 4}};
  const at::NoGradGuard no_grad;
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(pixels.data()), {5, 65, 48, 3}, at::kByte);
  network->set_training(false);
  std::map<std::size_t, at::Tensor> given;
  for (const std::size_t layer : {1, 3, 4})
    given[layer] = network->layers(model::normalized(bytes), 0, layer);
  const auto values = [](const at::Tensor& tensor) {
    const at::Tensor flat = tensor.contiguous();
    return Features(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  };
  std::vector<at::Tensor> means;
  for (const std::size_t layer : options.layers)
    means.push_back(given[layer].mean(at::IntArrayRef({2, 3})));
  const double least = GetParam() == Precision::kInt8 ? 0.998 : 0.9999;
  for (const Kind kind : {Kind::kOneDnn, Kind::kLibTorch}) {
    if (kind == Kind::kLibTorch && GetParam() == Precision::kInt8) continue;
    options.kind = kind;
    options.layers = {1, 3, 4};
    options.pooled = true;
    const auto pooled = make_engine(*network, options);
    EXPECT_EQ(pooled->feature_count(), 256u + 1024 + 2048);
    EXPECT_GE(
        agreement(features_of(*pooled, pixels), values(at::cat(means, 1)), pooled->feature_count())
            .lowest_cosine,
        least);
    for (const std::size_t layer : {1, 3}) {
      options.layers = {layer};
      options.pooled = false;
      const auto whole = make_engine(*network, options);
      EXPECT_GE(agreement(features_of(*whole, pixels), values(given[layer].permute({0, 2, 3, 1})),
                          whole->feature_count())
                    .lowest_cosine,
                least)
          << "layer " << layer;
    }
  }
}

TEST(Engine, RefusesLayersThatAreNoneOrOutOfOrder) {
  const auto network = random_network("resnet18");
  const std::vector<std::vector<std::size_t>> wrong = {{}, {0}, {5}, {3, 2}, {2, 2}};
  for (const auto& layers : wrong)
    EXPECT_THROW(make_engine(*network, {.view = {32, 32}, .layers = layers}), InputError);
  EXPECT_THROW(make_engine(*network, {.view = {32, 32}, .layers = {1, 2}, .pooled = false}),
               InputError);
}

TEST(Engine, ABlackAndAWhitePhotographAreFeaturesToo) {
  SKIP_WITHOUT(Precision::kFp32);
  const auto network = random_network("resnet18");
  const data::Size view{40, 40};
  Pixels pixels(2 * 40 * 40 * 3, 0);
  std::fill(pixels.begin() + 40 * 40 * 3, pixels.end(), std::uint8_t{255});
  const auto engine = make_engine(*network, {.kind = Kind::kOneDnn, .view = view, .batch = 2});
  EXPECT_LT(agreement(features_of(*engine, pixels), reference(*network, view, pixels), 512)
                .largest_difference,
            1e-5);
}

TEST(Engine, RefusesWrongShapes) {
  const auto network = random_network("resnet18");
  for (const Kind kind : {Kind::kAuto, Kind::kLibTorch}) {
    const auto engine = make_engine(*network, {.kind = kind, .view = {32, 40}, .batch = 2});
    Features features(512), none;
    const Pixels one = pictures(1, {32, 40}), three = pictures(3, {32, 40});
    EXPECT_NO_THROW(engine->compute(one, features));
    EXPECT_THROW(engine->compute(std::span(one).first(100), features), InputError);
    EXPECT_THROW(engine->compute({}, none), InputError);
    EXPECT_THROW(engine->compute(one, none), InputError);
    Features room(3 * 512);
    EXPECT_THAT([&] { engine->compute(three, room); },
                ThrowsMessage<InputError>(HasSubstr("not 1 to 2 photographs of 32 x 40")));
  }
  EXPECT_THROW(make_engine(*network, {.view = {0, 40}}), InputError);
  EXPECT_THROW(make_engine(*network, {.view = {32, 40}, .batch = 0}), InputError);
}

TEST(Engine, Int8NeedsPhotographsToCalibrateWithAndOneDnn) {
  const auto network = random_network("resnet18");
  EXPECT_THAT(
      [&] {
        make_engine(*network, {.precision = Precision::kInt8, .view = {32, 32}});
      },
      ThrowsMessage<InputError>(HasSubstr("calibrate")));
  EXPECT_THAT([] { choose(Kind::kLibTorch, Precision::kInt8); },
              ThrowsMessage<InputError>(HasSubstr("has no int8")));
}

TEST(Engine, RunsInLibTorchWhatIsNoResNet) {
  const auto network = random_network("mobilenet_v2");
  const data::Size view{64, 48};
  const Pixels pixels = pictures(3, view);
  const auto engine = make_engine(*network, {.view = view, .batch = 3, .layers = {3, 4}});
  EXPECT_EQ(engine->kind(), Kind::kLibTorch);
  EXPECT_EQ(engine->feature_count(), 96u + 1280);
  const Features features = features_of(*engine, pixels);
  const at::NoGradGuard no_grad;
  const at::Tensor bytes =
      at::from_blob(const_cast<std::uint8_t*>(pixels.data()), {3, 64, 48, 3}, at::kByte);
  const at::Tensor third = network->layers(model::normalized(bytes), 0, 3);
  const at::Tensor expected = at::cat({third.mean(at::IntArrayRef({2, 3})),
                                       network->layers(third, 3, 4).mean(at::IntArrayRef({2, 3}))},
                                      1)
                                  .contiguous();
  const Features by_hand(expected.data_ptr<float>(), expected.data_ptr<float>() + expected.numel());
  EXPECT_LT(agreement(features, by_hand, 1376).largest_difference, 1e-5);
  if (onednn_obstacle(Precision::kInt8).empty()) {
    EXPECT_THAT(
        [&] {
          make_engine(*network,
                      {.precision = Precision::kInt8, .view = view, .calibration = pixels});
        },
        ThrowsMessage<InputError>(HasSubstr("mobilenet_v2 runs in bf16 or fp32")));
  }
}

TEST(Engine, KindsHaveNames) {
  for (const Kind kind : {Kind::kAuto, Kind::kOneDnn, Kind::kLibTorch})
    EXPECT_EQ(kind_named(to_string(kind)), kind);
  EXPECT_THAT([] { kind_named("tensorrt"); },
              ThrowsMessage<InputError>(HasSubstr("none of auto, onednn, libtorch")));
  EXPECT_EQ(choose(Kind::kLibTorch, Precision::kFp32), Kind::kLibTorch);
}

// oneDNN reads which instructions it may use once, when it is first asked: in a process of its own.
TEST(Engine, WithoutTheInstructionsSaysWhichAndFallsBack) {
  SKIP_WITHOUT(Precision::kFp32);
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE", 1);
        const bool falls_back = choose(Kind::kAuto, Precision::kBf16) == Kind::kLibTorch;
        try {
          choose(Kind::kOneDnn, Precision::kBf16);
        } catch (const InputError& error) {
          std::fputs(error.what(), stderr);
          std::exit(falls_back ? 2 : 1);
        }
      },
      testing::ExitedWithCode(2), "avx512_bf16");
}

}  // namespace
}  // namespace frugal::engine
