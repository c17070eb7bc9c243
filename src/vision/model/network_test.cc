#include "vision/model/network.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "vision/model/golden/formula.h"
#include "vision/model/test_folder.h"
#include "vision/model/torch_compat.h"

namespace frugal::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr std::size_t kClasses = 10;
const std::string kGolden = std::string(FRUGAL_SOURCE_DIR) + "/src/vision/model/golden/golden.txt";

at::Tensor images() {
  return golden::images({2, 3, 97, 81});
}

// A quantity that make_golden.py wrote.
at::Tensor golden_values(const std::string& network, const std::string& quantity) {
  std::ifstream file(kGolden);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (first != network || second != quantity) continue;
    std::vector<float> values;
    for (float value = 0; words >> value;) values.push_back(value);
    return at::tensor(values);
  }
  ADD_FAILURE() << kGolden << " has no " << network << " " << quantity;
  return {};
}

StateDict golden_state(const Network& network) {
  StateDict state = network.state();
  for (auto& [name, values] : state) values = golden::tensor(name, values.sizes().vec());
  return state;
}

std::unique_ptr<Network> golden_network(const std::string& name) {
  auto network = make_network(network_named(name), kClasses, 1);
  network->load(golden_state(*network), "formula", /*keep_head=*/true);
  return network;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.detach().flatten() - b.detach().flatten()).abs().max().item<double>();
}

at::Tensor value_of(const Network& network, const std::string& name) {
  for (const auto& [key, value] : network.state())
    if (key == name) return value;
  ADD_FAILURE() << "no " << name;
  return {};
}

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const NetworkSpec& spec : networks()) names.push_back(spec.name);
  return names;
}

class EveryNetwork : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Networks, EveryNetwork, testing::ValuesIn(network_names()),
                         [](const auto& test) { return test.param; });

// One of each kind of block.
class EveryKind : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Networks, EveryKind,
                         testing::Values("resnet18", "resnet50", "mobilenet_v2"),
                         [](const auto& test) { return test.param; });

TEST_P(EveryNetwork, LogitsThroughAFileEqualTorchvisions) {
  const TestFolder folder;
  auto network = make_network(network_named(GetParam()), kClasses, 1);
  write_pth(folder / "w.pth", golden_state(*network));
  const StateDict state = read_weights(folder / "w.pth");
  EXPECT_EQ(recognize_network(state, "w.pth").name, GetParam());
  EXPECT_EQ(head_class_count(state), kClasses);
  network->load(state, "w.pth", /*keep_head=*/true);
  const at::NoGradGuard no_grad;
  const at::Tensor logits = network->forward(images());
  EXPECT_EQ(logits.sizes(), at::IntArrayRef({2, 10}));
  EXPECT_LT(largest_difference(logits, golden_values(GetParam(), "logits")), 1e-4);
  network->to_channels_last();
  EXPECT_LT(largest_difference(network->forward(images()), logits), 1e-4);
  EXPECT_EQ(network->features(golden::images({3, 3, 33, 64})).sizes(),
            at::IntArrayRef({3, static_cast<std::int64_t>(network->spec().feature_count)}));
}

TEST_P(EveryKind, GoesOnFromALayerWhereItStopped) {
  const auto network = golden_network(GetParam());
  const at::NoGradGuard no_grad;
  const at::Tensor whole = network->forward(images());
  for (std::size_t layer = 1; layer < kLayerCount; ++layer) {
    const at::Tensor there = network->layers(images(), 0, layer);
    EXPECT_EQ(there.sizes(),
              at::IntArrayRef({2, static_cast<std::int64_t>(network->spec().channels(layer)),
                               static_cast<std::int64_t>(positions_after(layer, 97)),
                               static_cast<std::int64_t>(positions_after(layer, 81))}));
    EXPECT_LT(largest_difference(network->forward(there, layer), whole), 1e-5);
  }
}

TEST_P(EveryKind, AHeadMayReadTheMeansOfSeveralLayers) {
  const auto plain = golden_network(GetParam());
  const auto network = make_network(network_named(GetParam()), kClasses, 1, /*head_layers=*/3);
  network->load(plain->state(), "plain", /*keep_head=*/false);
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> means;
  for (const std::size_t layer : {2, 3, 4})
    means.push_back(plain->layers(images(), 0, layer).mean(at::IntArrayRef({2, 3})));
  EXPECT_LT(largest_difference(network->features(images()), at::cat(means, 1)), 1e-5);
  EXPECT_EQ(network->forward(images()).sizes(), at::IntArrayRef({2, 10}));
  EXPECT_THAT([&] { network->load(plain->state(), "plain.pth", /*keep_head=*/true); },
              ThrowsMessage<InputError>(HasSubstr(plain->spec().head + ".weight")));
}

TEST_P(EveryKind, LogitsGradientsAndStatisticsEqualTorchvisions) {
  auto network = golden_network(GetParam());
  network->set_training(true);
  const at::Tensor logits = network->forward(images());
  at::cross_entropy_loss(logits, at::tensor({3, 8}, at::kLong)).backward();
  EXPECT_LT(largest_difference(logits, golden_values(GetParam(), "training_logits")), 1e-3);

  const at::Tensor expected = golden_values(GetParam(), "gradient_norms");
  std::vector<float> norms;
  for (const at::Tensor& parameter : network->backbone_parameters())
    norms.push_back(parameter.grad().norm().item<float>());
  for (const at::Tensor& parameter : network->head_parameters())
    norms.push_back(parameter.grad().norm().item<float>());
  ASSERT_EQ(static_cast<std::int64_t>(norms.size()), expected.numel());
  // A shift that the next batch norm takes away again has no gradient but rounding.
  EXPECT_LT(((at::tensor(norms) - expected).abs() / expected.clamp_min(1e-3)).max().item<double>(),
            2e-3);

  const bool is_resnet = network->spec().family == Family::kResNet;
  const std::string last = is_resnet
                               ? "layer4." + std::to_string(network->spec().blocks[3] - 1) + ".bn2."
                               : "features.17.conv.3.";
  EXPECT_LT(largest_difference(value_of(*network, last + "running_var").slice(0, 0, 10),
                               golden_values(GetParam(), "last_running_var")),
            1e-4);
  EXPECT_EQ(value_of(*network, last + "num_batches_tracked").item<int>(), 8);
}

TEST(Network, InEvaluationEachImageStandsAloneAndNothingChanges) {
  auto network = golden_network("resnet18");
  StateDict before;
  for (const auto& [name, values] : network->state()) before.emplace_back(name, values.clone());
  const at::Tensor both = network->forward(images());
  const at::Tensor second = network->forward(images().slice(0, 1, 2));
  EXPECT_LT(largest_difference(both[1], second), 1e-5);
  const StateDict after = network->state();
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(after[i].second.equal(before[i].second)) << before[i].first;
}

TEST(Network, LearnsInBf16AndChannelsLast) {
  auto network = golden_network("resnet18");
  const at::Tensor exact = network->forward(images());
  network->to_channels_last();
  {
    const Autocast autocast(at::kCPU);
    const at::Tensor logits = network->forward(images());
    EXPECT_EQ(logits.scalar_type(), at::kBFloat16);
    EXPECT_LT(largest_difference(logits.to(at::kFloat), exact), 0.05);
    const Autocast off(at::kCPU, false);
    EXPECT_LT(largest_difference(network->forward(images()), exact), 1e-4);
  }
  EXPECT_EQ(network->forward(images()).scalar_type(), at::kFloat);

  network->set_training(true);
  at::Tensor loss;
  {
    const Autocast autocast(at::kCPU);
    const at::Tensor logits = network->forward(images()).to(at::kFloat);
    loss = at::cross_entropy_loss(logits, at::tensor({3, 8}, at::kLong));
  }
  loss.backward();
  for (const at::Tensor& parameter : network->backbone_parameters()) {
    EXPECT_EQ(parameter.grad().scalar_type(), at::kFloat);
    EXPECT_TRUE(parameter.grad().isfinite().all().item<bool>());
  }
}

TEST(Network, TensorsStayTheSameObjectsInChannelsLast) {
  auto network = make_network(network_named("resnet18"), kClasses, 1);
  const at::Tensor held = network->backbone_parameters()[0];
  network->to_channels_last();
  EXPECT_TRUE(held.is_same(network->backbone_parameters()[0]));
  EXPECT_TRUE(held.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(held.requires_grad());
  const StateDict state = golden_state(*network);
  network->load(state, "formula", true);
  EXPECT_TRUE(held.equal(state[0].second));
  EXPECT_TRUE(held.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST_P(EveryKind, ATwinSharesParametersAndNothingElse) {
  const auto network = golden_network(GetParam());
  network->to_channels_last();
  const auto twin = network->twin();
  network->set_training(true);
  network->forward(images()).sum().backward();  // changes the statistics
  EXPECT_FALSE(twin->head_parameters()[0].grad().defined());
  const std::string norm = GetParam() == "mobilenet_v2" ? "features.0.1" : "bn1";
  EXPECT_GT(largest_difference(value_of(*twin, norm + ".running_mean"),
                               value_of(*network, norm + ".running_mean")),
            0);
  const at::NoGradGuard no_grad;
  for (const at::Tensor& parameter : network->backbone_parameters()) parameter.mul_(0.9);
  const auto parameters = network->backbone_parameters(), shared = twin->backbone_parameters();
  ASSERT_EQ(parameters.size(), shared.size());
  for (std::size_t i = 0; i < shared.size(); ++i) EXPECT_TRUE(shared[i].equal(parameters[i]));
  twin->set_training(true);
  EXPECT_TRUE(twin->forward(images()).equal(network->forward(images())));
}

TEST(Network, ABackboneToBeLoadedHasTheSameHead) {
  const NetworkSpec& spec = network_named("resnet18");
  const auto drawn = make_network(spec, kClasses, 1);
  const auto loaded = make_network(spec, kClasses, 1, 1, Backbone::kToBeLoaded);
  EXPECT_TRUE(value_of(*loaded, "fc.weight").equal(value_of(*drawn, "fc.weight")));
  EXPECT_EQ(value_of(*loaded, "conv1.weight").abs().max().item<float>(), 0);
}

TEST(Network, StartsAsTorchvisionDoes) {
  auto network = make_network(network_named("resnet18"), 100, 5);
  const at::Tensor kernel = value_of(*network, "layer3.0.conv2.weight");
  const double deviation = std::sqrt(2.0 / (256 * 9));
  EXPECT_NEAR(kernel.mean().item<double>(), 0, 5 * deviation / std::sqrt(kernel.numel()));
  EXPECT_NEAR(kernel.std().item<double>() / deviation, 1, 5 / std::sqrt(2.0 * kernel.numel()));
  const at::Tensor head = value_of(*network, "fc.weight");
  const double bound = 1 / std::sqrt(512.0);
  EXPECT_LE(head.abs().max().item<double>(), bound);
  EXPECT_NEAR(head.std().item<double>(), bound / std::sqrt(3.0), 0.01 * bound);
  EXPECT_TRUE(value_of(*network, "bn1.weight").equal(at::ones({64})));
  EXPECT_TRUE(value_of(*network, "bn1.running_mean").equal(at::zeros({64})));
}

TEST(Network, TheSeedAndNothingElseDecidesTheStart) {
  const auto start = [](std::size_t classes, std::uint64_t seed) {
    const auto network = make_network(network_named("resnet18"), classes, seed);
    return std::pair(value_of(*network, "conv1.weight"), value_of(*network, "fc.weight"));
  };
  const auto [kernel, head] = start(10, 3);
  const auto [same_kernel, same_head] = start(10, 3);
  EXPECT_TRUE(kernel.equal(same_kernel) && head.equal(same_head));
  const auto [other_kernel, other_head] = start(10, 4);
  EXPECT_FALSE(kernel.equal(other_kernel) || head.equal(other_head));
  EXPECT_TRUE(kernel.equal(start(20, 3).first));
}

TEST(Network, LoadsTheBackboneOfAnotherSetOfClasses) {
  auto source = golden_network("resnet18");
  auto network = make_network(network_named("resnet18"), 3, 1);
  const at::Tensor head = network->head_parameters()[0].detach().clone();
  network->load(source->state(), "w.pth", /*keep_head=*/false);
  EXPECT_TRUE(value_of(*network, "layer4.1.conv2.weight")
                  .equal(value_of(*source, "layer4.1.conv2.weight")));
  EXPECT_TRUE(network->head_parameters()[0].equal(head));
  EXPECT_THAT([&] { network->load(source->state(), "w.pth", /*keep_head=*/true); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("w.pth: does not fit resnet18 with 3 classes: 2 misshapen"),
                        HasSubstr("fc.weight is (10, 512), must be (3, 512)"))));
}

TEST(Network, LoadsOldFilesWithoutBatchCounts) {
  auto network = make_network(network_named("resnet18"), kClasses, 1);
  StateDict state = golden_state(*network);
  std::erase_if(state, [](const auto& e) { return e.first.ends_with("num_batches_tracked"); });
  EXPECT_EQ(recognize_network(state, "old.pth").name, "resnet18");
  EXPECT_NO_THROW(network->load(state, "old.pth", true));
}

TEST(Network, LoadSaysShapeByShapeWhatDoesNotFitAndChangesNothing) {
  auto network = make_network(network_named("resnet18"), kClasses, 1);
  const at::Tensor before = value_of(*network, "conv1.weight").clone();
  StateDict state = golden_state(*network);
  std::erase_if(state, [](const auto& entry) { return entry.first.starts_with("layer2.1."); });
  state.emplace_back("extra.bias", at::zeros({7}));
  state[1].second = at::zeros({32});
  EXPECT_THAT([&] { network->load(state, "w.pth", true); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("10 missing: layer2.1.conv1.weight (128, 128, 3, 3), "),
                        HasSubstr(", ...; 1 unexpected: extra.bias (7); "),
                        HasSubstr("1 misshapen: bn1.weight is (32), must be (64)"),
                        Not(HasSubstr("bn2.running_var")))));
  EXPECT_TRUE(value_of(*network, "conv1.weight").equal(before));
}

TEST(Network, ParametersAreAllThatTakesAGradient) {
  auto network = make_network(network_named("resnet50"), kClasses, 1);
  EXPECT_EQ(network->backbone_parameters().size() + network->head_parameters().size(), 161U);
  std::int64_t count = 0;  // torchvision's resnet50 has 25,557,032 for 1000 classes
  for (const at::Tensor& parameter : network->backbone_parameters()) count += parameter.numel();
  EXPECT_EQ(count, 25'557'032 - 1000 * 2049);
  for (const auto& [name, values] : network->state()) EXPECT_FALSE(values.requires_grad());
}

TEST(Network, MobileNetV2HasTorchvisionsParametersAndStages) {
  auto network = make_network(network_named("mobilenet_v2"), 1000, 1);
  std::int64_t count = 0;
  for (const at::Tensor& parameter : network->backbone_parameters()) count += parameter.numel();
  for (const at::Tensor& parameter : network->head_parameters()) count += parameter.numel();
  EXPECT_EQ(count, 3'504'872);
  EXPECT_EQ(network->state().size(), 314u);
  const auto layers = network->backbone_layers();
  EXPECT_EQ(layers.size(), network->backbone_parameters().size());
  EXPECT_EQ(layers.front(), 0);  // features.0
  EXPECT_EQ(layers[3], 1);       // features.1
  EXPECT_EQ(layers.back(), 4);   // features.18
  EXPECT_TRUE(std::is_sorted(layers.begin(), layers.end()));
  const at::NoGradGuard no_grad;
  const std::vector<std::vector<std::int64_t>> sizes = {
      {1, 24, 56, 56}, {1, 32, 28, 28}, {1, 96, 14, 14}, {1, 1280, 7, 7}};
  const at::Tensor image = golden::images({1, 3, 224, 224});
  for (std::size_t layer = 1; layer <= kLayerCount; ++layer)
    EXPECT_EQ(network->layers(image, 0, layer).sizes(), at::IntArrayRef(sizes[layer - 1]));
}

StateDict renamed(StateDict state, const std::string& from, const std::string& to) {
  for (auto& [name, values] : state)
    if (name.starts_with(from)) name = to + name.substr(from.size());
  return state;
}

TEST(Recognize, SaysWhyNot) {
  auto network = make_network(network_named("resnet34"), kClasses, 1);
  const StateDict state = network->state();
  const auto recognizing = [](const StateDict& s) {
    return [s] { recognize_network(s, "w.pth"); };
  };
  EXPECT_THAT(recognizing({{"features.0.weight", at::zeros({64, 3, 11, 11})}}),
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("w.pth: no ResNet"),
                        HasSubstr("1 tensors and begins with features.0.weight (64, 3, 11, 11)"))));
  EXPECT_THAT(recognizing({}), ThrowsMessage<InputError>(HasSubstr("nothing")));
  StateDict longer = state;
  for (const char* block : {"6", "7"})
    longer.emplace_back(std::string("layer3.") + block + ".conv1.weight", at::zeros({1}));
  EXPECT_THAT(recognizing(longer),
              ThrowsMessage<InputError>(AllOf(HasSubstr("basic blocks (3, 4, 8, 3)"),
                                              HasSubstr("resnet18: basic blocks (2, 2, 2, 2)"))));
  EXPECT_THAT(recognizing(renamed(state, "layer4.", "layerx.")),
              ThrowsMessage<InputError>(HasSubstr("no ResNet")));
  StateDict wide = state;
  for (auto& [name, values] : wide)
    if (name == "layer1.0.conv1.weight") values = at::zeros({128, 64, 3, 3});
  EXPECT_THAT(recognizing(wide),
              ThrowsMessage<InputError>(AllOf(
                  HasSubstr("looks like resnet34, but is not: 1 misshapen"),
                  HasSubstr("layer1.0.conv1.weight is (128, 64, 3, 3), must be (64, 64, 3, 3)"))));
}

TEST(Recognize, SaysWhatAMobileNetLacks) {
  const auto network = make_network(network_named("mobilenet_v2"), kClasses, 1);
  StateDict wide = network->state();
  for (auto& [name, values] : wide)
    if (name == "features.4.conv.2.weight") values = at::zeros({48, 144, 1, 1});
  EXPECT_THAT(
      [&] { recognize_network(wide, "w.pth"); },
      ThrowsMessage<InputError>(AllOf(
          HasSubstr("w.pth: looks like mobilenet_v2, but is not: 1 misshapen"),
          HasSubstr("features.4.conv.2.weight is (48, 144, 1, 1), must be (32, 144, 1, 1)"))));
  auto other = make_network(network_named("mobilenet_v2"), 3, 1);
  EXPECT_THAT(
      [&] { other->load(network->state(), "w.pth", /*keep_head=*/true); },
      ThrowsMessage<InputError>(HasSubstr("classifier.1.weight is (10, 1280), must be (3, 1280)")));
  EXPECT_NO_THROW(other->load(network->state(), "w.pth", /*keep_head=*/false));
}

TEST(Recognize, AnUnknownNameGetsTheNearestKnownOne) {
  EXPECT_THAT([] { network_named("resnet51"); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("did you mean \"resnet50\""), HasSubstr("resnet18, resnet34"))));
}

TEST(Recognize, TheSharedWeightsAreAResNet18Of200Classes) {
  const char* shared = std::getenv("FRUGAL_SHARED");
  const std::string path =
      (shared != nullptr ? std::string(shared) : std::string(FRUGAL_SOURCE_DIR) + "/../shared") +
      "/weights/resnet18-in200.pth";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const StateDict state = read_weights(path);
  const NetworkSpec& spec = recognize_network(state, path);
  EXPECT_EQ(spec.name, "resnet18");
  EXPECT_EQ(head_class_count(state), 200U);
  EXPECT_NO_THROW(make_network(spec, 200, 1)->load(state, path, /*keep_head=*/true));
}

}  // namespace
}  // namespace frugal::model
