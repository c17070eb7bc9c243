#include "vision/train/train.h"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "vision/engine/agreement.h"
#include "vision/model/weights.h"
#include "vision/train/frozen_outputs.h"

namespace frugal::train {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kPerClass = 14;

// Pictures of 40 × 40 noise, tinted red, green or blue by class.
data::Image tinted(std::size_t label, std::uint64_t seed) {
  data::Image image{40, 40, {}};
  RandomStream random(seed);
  for (std::size_t i = 0; i < 40 * 40 * 3; ++i)
    image.pixels.push_back(
        static_cast<std::uint8_t>((i % 3 == label ? 110 : 40) + random.below(100)));
  return image;
}

// While it lives, the process gets no more than so many megabytes on top of what it has.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t megabytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit = before_;
    limit.rlim_cur = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + (megabytes << 20);
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

class TrainTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(testing::TempDir()) / ("frugal_train_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    dataset_.classes = {"red", "green", "blue"};
    for (std::size_t i = 0; i < 3 * kPerClass; ++i) {
      const std::string png = encode_png(tinted(i % 3, i)), file = path(std::to_string(i) + ".png");
      write_file(file, png);
      dataset_.photographs.push_back({.path = file, .label = i % 3, .content_hash = sha256(png)});
      (i < 3 * 10 ? split_.train : i < 3 * 12 ? split_.validation : split_.test).push_back(i);
    }
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static std::string path(const std::string& name) { return (folder_ / name).string(); }
  static Environment environment(const std::string& weights = "") {
    return {weights, path("cache"), 1};
  }
  static TrainingSummary run(const Recipe& recipe, const TrainOptions& options,
                             const std::string& weights = "") {
    return train(recipe, TrainingPhotographs(dataset_, split_),
                 HeldOutPhotographs::validation(dataset_, split_), environment(weights), options);
  }
  static Recipe tiny() {
    Recipe recipe;
    recipe.height = recipe.width = 32;
    recipe.epochs = 2;
    recipe.batch_exponent = 3;
    recipe.learning_rate = 0.003;
    recipe.head_start = HeadStart::kZero;
    return recipe;
  }
  // A trained model, made once: what other tests judge, freeze and start from.
  static const TrainingSummary& trained() {
    static const TrainingSummary summary = [] {
      Recipe recipe = tiny();
      recipe.epochs = 6;
      return run(recipe, {.model_folder = path("trained")});
    }();
    return summary;
  }
  static std::string pretrained_weights() {
    trained();
    return path("trained") + "/model.pth";
  }
  static std::string bits_of(const std::string& model_folder) {
    return read_config(model_folder + "/model.json")["weights"];
  }

  static inline fs::path folder_;
  static inline data::Dataset dataset_;
  static inline data::Split split_;
};

TEST_F(TrainTest, ANetworkThatIsNoResNetIsTrainedFrozenAndAsked) {
  Recipe recipe = tiny();
  recipe.network = "mobilenet_v2";
  recipe.epochs = 1;
  EXPECT_EQ(run(recipe, {.model_folder = path("mobile")}).ending, Ending::kFinished);
  const std::string weights = path("mobile") + "/model.pth";
  EXPECT_EQ(network_of(weights), "mobilenet_v2");

  recipe.frozen = Frozen::kLayer2;
  recipe.head_start = HeadStart::kRidge;
  EXPECT_EQ(run(recipe, {.model_folder = path("mobile_behind")}, weights).ending,
            Ending::kFinished);

  recipe.frozen = Frozen::kNone;
  recipe.strategy = Strategy::kFeatures;
  recipe.head = Head::kRidge;
  recipe.feature_layers = 2;
  run(recipe, {.model_folder = path("mobile_head")}, weights);
  for (const char* folder : {"mobile", "mobile_behind", "mobile_head"}) {
    Model model = Model::load(path(folder));
    EXPECT_EQ(model.recipe().network, "mobilenet_v2");
    EXPECT_EQ(model.predict({tinted(0, 3)})[0].size(), 3u);
    model.write_weights(path("mobile.safetensors"), "safetensors");
    EXPECT_EQ(network_of(path("mobile.safetensors")), "mobilenet_v2");
  }
}

TEST_F(TrainTest, FineTuningLearns) {
  const TrainingSummary& summary = trained();
  EXPECT_EQ(summary.ending, Ending::kFinished);
  EXPECT_EQ(summary.epochs, 6);
  EXPECT_EQ(summary.history.size(), 6u);
  EXPECT_GE(summary.validation.accuracy, 0.8);
  EXPECT_LT(summary.history.back().training_loss, summary.history.front().training_loss);
  EXPECT_EQ(summary.validation.labels.size(), split_.validation.size());
}

TEST_F(TrainTest, AStoppedAndResumedRunEndsInTheSameBits) {
  Recipe recipe = tiny();
  recipe.seed = 5;
  const TrainingSummary whole = run(recipe, {.model_folder = path("whole")});
  RandomStream random(11);
  int steps_left = 2, calls = 0;
  TrainOptions options{.checkpoint_path = path("checkpoint"), .model_folder = path("parts")};
  options.on_step = [&](double, double) { --steps_left; };
  options.should_stop = [&] { return steps_left == 0; };
  TrainingSummary parts = run(recipe, options);
  for (; parts.ending == Ending::kStopped; ++calls) {
    steps_left = 1 + static_cast<int>(random.below(4));
    parts = run(recipe, options);
  }
  EXPECT_GE(calls, 2);
  EXPECT_EQ(bits_of(path("parts")), bits_of(path("whole")));
  ASSERT_EQ(parts.history.size(), whole.history.size());
  for (std::size_t i = 0; i < whole.history.size(); ++i) {
    EXPECT_EQ(parts.history[i].training_loss, whole.history[i].training_loss);
    EXPECT_EQ(parts.history[i].validation_loss, whole.history[i].validation_loss);
    EXPECT_EQ(parts.history[i].validation_accuracy, whole.history[i].validation_accuracy);
  }
  EXPECT_EQ(parts.validation.loss, whole.validation.loss);

  std::string message;
  recipe.momentum = 0.8;
  recipe.epochs = 0.5;
  options.should_stop = [] { return false; };
  options.on_message = [&](const std::string& text) { message = text; };
  EXPECT_EQ(run(recipe, options).resumed_from_epochs, 0);
  EXPECT_THAT(message, HasSubstr("momentum 0.9, not 0.8"));
}

TEST_F(TrainTest, AnotherSeedEndsInOtherBits) {
  Recipe recipe = tiny();
  recipe.epochs = 0.5;
  run(recipe, {.model_folder = path("seed0")}, pretrained_weights());
  recipe.seed = 1;
  run(recipe, {.model_folder = path("seed1")}, pretrained_weights());
  EXPECT_NE(bits_of(path("seed0")), bits_of(path("seed1")));
}

TEST_F(TrainTest, AnAbsurdLearningRateIsANumericalError) {
  Recipe recipe = tiny();
  recipe.learning_rate = 1e30;
  EXPECT_THROW(run(recipe, {}), NumericalError);
  recipe.strategy = Strategy::kFeatures;
  recipe.epochs = 20;
  recipe.learning_rate = 1e37;
  EXPECT_THROW(run(recipe, {}), NumericalError);
}

TEST_F(TrainTest, FeaturesGiveThePlainNetworkWithAnotherHead) {
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  const std::string weights = pretrained_weights();
  const TrainingSummary summary = run(recipe, {.model_folder = path("features")}, weights);
  EXPECT_GE(summary.validation.accuracy, 0.8);

  // Through the whole network, pixel to logit.
  SilentProgress silent;
  const Evaluation full =
      Model::load(path("features"))
          .evaluate(HeldOutPhotographs::validation(dataset_, split_), environment(), silent);
  EXPECT_EQ(full.predictions, summary.validation.predictions);
  EXPECT_NEAR(full.loss, summary.validation.loss, 0.02 * std::max(1.0, full.loss));

  const auto before = model::read_weights(weights);
  const auto after = model::read_weights(path("features") + "/model.pth");
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool head = before[i].first.starts_with("fc.");
    EXPECT_EQ(at::equal(before[i].second, after[i].second), !head) << before[i].first;
  }
}

TEST_F(TrainTest, FeaturesStopAndGoOnInTheSameBits) {
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  recipe.batch_exponent = 2;
  recipe.epochs = 5;
  recipe.head_start = HeadStart::kRidge;
  const std::string weights = pretrained_weights();
  run(recipe, {.model_folder = path("whole_head")}, weights);
  int steps = 0;
  TrainOptions options{.checkpoint_path = path("head"), .model_folder = path("head_parts")};
  options.should_stop = [&] { return ++steps % 7 == 0; };
  while (run(recipe, options, weights).ending == Ending::kStopped) continue;
  EXPECT_EQ(bits_of(path("head_parts")), bits_of(path("whole_head")));
}

TEST_F(TrainTest, AHeadOnSeveralLayersAndViewsIsTheModelThatIsKept) {
  const std::string weights = pretrained_weights();
  for (const Head head : {Head::kSgd, Head::kRidge, Head::kLda, Head::kLogistic}) {
    Recipe recipe = default_recipe(Strategy::kFeatures);
    recipe.height = recipe.width = 32;
    recipe.head = head;
    recipe.feature_layers = 3;
    recipe.feature_views = 3;
    recipe.flip_test = true;
    recipe.test_view = TestView::kWhole;
    const std::string folder = path("layers_" + to_string(head));
    const TrainingSummary summary = run(recipe, {.model_folder = folder}, weights);
    EXPECT_GE(summary.validation.accuracy, 0.6) << to_string(head);  // four of six
    SilentProgress silent;
    const Evaluation full = Model::load(folder).evaluate(
        HeldOutPhotographs::validation(dataset_, split_), environment(), silent);
    EXPECT_EQ(full.predictions, summary.validation.predictions) << to_string(head);
    EXPECT_NEAR(full.loss, summary.validation.loss, 0.03 * std::max(1.0, full.loss));
  }
}

TEST_F(TrainTest, TheLayersBehindAFrozenPrefixLearnAndTheOthersStay) {
  const std::string weights = pretrained_weights();
  Recipe recipe = tiny();
  recipe.frozen = Frozen::kLayer2;
  recipe.feature_views = 2;
  recipe.flip_test = true;
  recipe.label_smoothing = 0.1;
  recipe.weight_averaging = 0.5;
  recipe.head_start = HeadStart::kRidge;
  recipe.epochs = 3;
  const TrainingSummary whole = run(recipe, {.model_folder = path("behind")}, weights);
  EXPECT_GE(whole.validation.accuracy, 0.8);
  SilentProgress silent;
  const Evaluation full =
      Model::load(path("behind"))
          .evaluate(HeldOutPhotographs::validation(dataset_, split_), environment(), silent);
  EXPECT_EQ(full.predictions, whole.validation.predictions);
  EXPECT_NEAR(full.loss, whole.validation.loss, 0.03 * std::max(1.0, full.loss));

  const auto before = model::read_weights(weights);
  const auto after = model::read_weights(path("behind") + "/model.pth");
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::string& name = before[i].first;
    const bool learns =
        name.starts_with("layer3") || name.starts_with("layer4") || name.starts_with("fc.");
    EXPECT_EQ(at::equal(before[i].second, after[i].second), !learns) << name;
  }

  int steps = 0;
  TrainOptions options{.checkpoint_path = path("behind.pt"), .model_folder = path("behind_parts")};
  options.should_stop = [&] { return ++steps % 5 == 0; };
  while (run(recipe, options, weights).ending == Ending::kStopped) continue;
  EXPECT_EQ(bits_of(path("behind_parts")), bits_of(path("behind")));
}

// What the network must be shown anew leaves a trace: the photographs' cache.
TEST_F(TrainTest, FeaturesAreComputedOnceForEachViewAndShared) {
  const std::string weights = pretrained_weights();
  Environment fresh = environment(weights);
  fresh.cache_folder = path("views cache");
  const auto count = [&](const std::string& extension) {
    std::ptrdiff_t files = 0;
    for (const auto& entry : fs::directory_iterator(fresh.cache_folder))
      if (entry.path().extension() == extension && extension == ".photographs")
        files += fs::remove(entry.path());
      else
        files += entry.path().extension() == extension;
    return files;
  };
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  recipe.head = Head::kLda;
  const auto train_with = [&](std::size_t views, bool flip, std::uint64_t seed) {
    recipe.feature_views = views;
    recipe.flip_test = flip;
    recipe.seed = seed;
    train(recipe, TrainingPhotographs(dataset_, split_),
          HeldOutPhotographs::validation(dataset_, split_), fresh, {});
  };
  train_with(2, false, 1);
  EXPECT_EQ(count(".photographs"), 1);
  EXPECT_EQ(count(".features"), 2);
  train_with(2, false, 2);  // another seed, the same views
  train_with(1, false, 3);
  EXPECT_EQ(count(".photographs"), 0);
  train_with(3, true, 1);  // one more view, and the mirror images
  EXPECT_EQ(count(".photographs"), 1);
  EXPECT_EQ(count(".features"), 4);
}

TEST_F(TrainTest, TrainsWithoutACacheWhereThereIsNoPlaceForOne) {
  write_file(path("no folder"), "");
  Environment nowhere = environment(pretrained_weights());
  nowhere.cache_folder = path("no folder") + "/cache";
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  recipe.head = Head::kRidge;
  std::string messages;
  TrainOptions options;
  options.on_message = [&](const std::string& text) { messages += text; };
  const TrainingSummary summary =
      train(recipe, TrainingPhotographs(dataset_, split_),
            HeldOutPhotographs::validation(dataset_, split_), nowhere, options);
  EXPECT_EQ(summary.validation.loss, run(recipe, {}, pretrained_weights()).validation.loss);
  EXPECT_THAT(messages, HasSubstr("of photographs are kept in memory"));
  EXPECT_THAT(messages, HasSubstr("of features are kept in memory"));
}

TEST_F(TrainTest, PreparingNoticesAPhotographThatChanged) {
  Environment fresh = environment();
  fresh.cache_folder = path("changed cache");
  SilentProgress silent;
  prepare(tiny(), dataset_, fresh, silent);
  const std::string& file = dataset_.photographs[7].path;
  const std::string content = read_file(file);
  write_file(file, encode_png(tinted(0, 99)));
  EXPECT_THROW(prepare(tiny(), dataset_, fresh, silent), InputError);
  write_file(file, content);
  EXPECT_NO_THROW(prepare(tiny(), dataset_, fresh, silent));
}

TEST_F(TrainTest, FeaturesAgreeAcrossEnginesAndPrecisions) {
  struct Listener final : ProgressSink {
    void progress(const Progress&) override {}
    void message(const std::string& text) override { messages += text; }
    std::string messages;
  };
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  Listener listener;
  const auto features = [&](const std::string& precision, const std::string& engine) {
    recipe.precision = precision;
    Environment chosen = environment(pretrained_weights());
    chosen.engine = engine;
    const auto file =
        FrozenOutputs::of_center({recipe, chosen, listener}, dataset_, {32, 32}, false);
    std::vector<float> rows;
    for (std::size_t i = 0; i < file.count(); ++i)
      rows.insert(rows.end(), file.features(i).begin(), file.features(i).end());
    return rows;
  };
  const std::vector<float> reference = features("fp32", "libtorch");
  const auto lowest_cosine = [&](const std::vector<float>& found) {
    return engine::agreement(found, reference, 512).lowest_cosine;
  };
  EXPECT_GT(lowest_cosine(features("fp32", "auto")), 0.999999);
  EXPECT_GT(lowest_cosine(features("bf16", "libtorch")), 0.999);
  EXPECT_GT(lowest_cosine(features("bf16", "auto")), 0.999);
  EXPECT_EQ(listener.messages, "");
  EXPECT_THROW(features("fp32", "tensorrt"), InputError);
  EXPECT_THROW(features("int8", "libtorch"), InputError);
  try {
    EXPECT_GT(lowest_cosine(features("int8", "auto")), 0.99);
    EXPECT_THAT(listener.messages, HasSubstr("features in int8: cosine with fp32 0.99"));
  } catch (const InputError& error) {  // a processor without int8
    EXPECT_THAT(error.what(), HasSubstr("int8"));
  }
}

TEST_F(TrainTest, ARidgeHeadStartsAheadOfAnEmptyOne) {
  Recipe recipe = tiny();
  recipe.epochs = 0.1;  // one step
  recipe.learning_rate = 0;
  const double from_zero = run(recipe, {}, pretrained_weights()).history[0].training_loss;
  recipe.head_start = HeadStart::kRidge;
  const double from_ridge = run(recipe, {}, pretrained_weights()).history[0].training_loss;
  EXPECT_NEAR(from_zero, std::log(3), 1e-5);
  EXPECT_LT(from_ridge, 0.5);
}

TEST_F(TrainTest, AugmentationNeverTouchesTheHeldOut) {
  write_file(path("black.yml"), "transforms: [{transform: brightness, factor: 0}]\n");
  Recipe recipe = tiny();
  recipe.augment = path("black.yml");
  recipe.epochs = 1;
  recipe.learning_rate = 0;
  recipe.head_start = HeadStart::kRidge;
  const TrainingSummary summary =
      run(recipe, {.model_folder = path("black")}, pretrained_weights());
  SilentProgress silent;
  const Evaluation judged =
      Model::load(path("black"))
          .evaluate(HeldOutPhotographs::validation(dataset_, split_), environment(), silent);
  EXPECT_EQ(judged.loss, summary.validation.loss);
  EXPECT_EQ(judged.predictions, summary.validation.predictions);
}

TEST_F(TrainTest, TheSharesOfMixedLabelsAddUpToOne) {
  Recipe recipe = tiny();
  recipe.epochs = 0.1;  // one step
  recipe.learning_rate = 0;
  for (const char* policy : {"mixup:alpha=1", "cutmix:alpha=1"}) {
    recipe.augment = policy;
    // An empty head gives every class a third, whatever the labels' shares.
    EXPECT_NEAR(run(recipe, {}).history[0].training_loss, std::log(3), 1e-5) << policy;
  }
}

TEST_F(TrainTest, MixedViewsTeach) {
  Recipe recipe = tiny();
  recipe.head_start = HeadStart::kRidge;
  for (const char* policy : {"mixup:alpha=1", "cutmix:alpha=1"}) {
    recipe.augment = policy;
    EXPECT_GE(run(recipe, {}, pretrained_weights()).validation.accuracy, 0.6) << policy;
  }
}

TEST_F(TrainTest, AModelPredictsJudgesAndKeepsItsRecipe) {
  trained();
  Model model = Model::load(path("trained"));
  EXPECT_EQ(model.classes(), dataset_.classes);
  EXPECT_EQ(model.recipe().epochs, 6);
  const auto rows = model.predict({tinted(0, 900), tinted(1, 901), tinted(2, 902)});
  ASSERT_EQ(rows.size(), 3u);
  int right = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(std::accumulate(rows[i].begin(), rows[i].end(), 0.0), 1, 1e-5);
    right += std::max_element(rows[i].begin(), rows[i].end()) - rows[i].begin() ==
             static_cast<std::ptrdiff_t>(i);
  }
  EXPECT_GE(right, 2);

  SilentProgress silent;
  data::Dataset shuffled = dataset_;  // the same classes in another order
  std::rotate(shuffled.classes.begin(), shuffled.classes.begin() + 1, shuffled.classes.end());
  for (data::Photograph& photograph : shuffled.photographs)
    photograph.label = (photograph.label + 2) % 3;
  const auto here = model.evaluate(HeldOutPhotographs::all(dataset_), environment(), silent);
  const auto there = model.evaluate(HeldOutPhotographs::all(shuffled), environment(), silent);
  EXPECT_EQ(here.labels, there.labels);
  EXPECT_EQ(here.loss, there.loss);

  shuffled.classes[1] = "purple";
  try {
    model.evaluate(HeldOutPhotographs::all(shuffled), environment(), silent);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"purple\""));
  }
  model.write_weights(path("out.safetensors"), "safetensors");
  EXPECT_EQ(network_of(path("out.safetensors")), "resnet18");
  EXPECT_THROW(model.write_weights(path("out"), "tiff"), InputError);
}

TEST_F(TrainTest, AModelThatIsNotWholeIsRefused) {
  trained();
  EXPECT_THROW(Model::load(path("nothing here")), InputError);
  fs::create_directories(path("half"));
  fs::copy_file(path("trained") + "/model.json", path("half") + "/model.json");
  EXPECT_THROW(Model::load(path("half")), InputError);
  write_file(path("half") + "/model.pth", "torn");
  EXPECT_THROW(Model::load(path("half")), InputError);
}

TEST_F(TrainTest, WrongWeightsAndEmptyPartsAreInputErrors) {
  Recipe recipe = tiny();
  recipe.network = "resnet34";
  EXPECT_THROW(run(recipe, {}, pretrained_weights()), InputError);
  const data::Split empty{.train = split_.train};
  EXPECT_THROW(train(tiny(), TrainingPhotographs(dataset_, empty),
                     HeldOutPhotographs::validation(dataset_, empty), environment(), {}),
               InputError);
}

TEST_F(TrainTest, AModelFolderThatCannotBeWrittenIsASystemError) {
  write_file(path("a file"), "");
  Recipe recipe = default_recipe(Strategy::kFeatures);
  recipe.height = recipe.width = 32;
  EXPECT_THROW(run(recipe, {.model_folder = path("a file") + "/model"}), SystemError);
}

TEST_F(TrainTest, SpeedIsMeasuredForWorkersSideBySide) {
  const Speed speed = measure_speed(tiny(), 2, 1, 0.2);
  EXPECT_GT(speed.training_images_per_second, 0);
  EXPECT_GT(speed.inference_images_per_second, speed.training_images_per_second);
  Recipe behind = tiny();
  behind.height = behind.width = 64;
  behind.frozen = Frozen::kLayer3;
  EXPECT_GT(measure_speed(behind, 1, 1, 0.2).training_images_per_second, 0);
  Recipe unknown = tiny();
  unknown.network = "resnet19";
  EXPECT_THROW(measure_speed(unknown, 1, 1, 0.1), InputError);
}

TEST_F(TrainTest, EveryTrickTogetherStopsAndGoesOnInTheSameBits) {
  Recipe recipe = tiny();
  recipe.height = recipe.width = 48;
  recipe.schedule = Schedule::kOneCycle;
  recipe.head_rate = 5;
  recipe.layer_decay = 0.7;
  recipe.label_smoothing = 0.1;
  recipe.weight_averaging = 0.9;
  recipe.start_scale = 0.5;
  recipe.test_view = TestView::kWhole;
  const TrainingSummary whole = run(recipe, {.model_folder = path("tricks whole")});
  int steps = 0;
  TrainOptions options{.checkpoint_path = path("tricks checkpoint"),
                       .model_folder = path("tricks parts")};
  options.should_stop = [&] { return ++steps == 3; };
  EXPECT_EQ(run(recipe, options).ending, Ending::kStopped);
  const TrainingSummary parts = run(recipe, options);
  EXPECT_GT(parts.resumed_from_epochs, 0);
  EXPECT_EQ(bits_of(path("tricks parts")), bits_of(path("tricks whole")));
  EXPECT_EQ(parts.validation.loss, whole.validation.loss);
  // The model folder judges as the run did: the averaged weights, on the whole photograph.
  Model model = Model::load(path("tricks parts"));
  SilentProgress silent;
  EXPECT_EQ(
      model.evaluate(HeldOutPhotographs::validation(dataset_, split_), environment(), silent).loss,
      whole.validation.loss);
}

TEST_F(TrainTest, ABatchThatMemoryDoesNotHoldGoesThroughInParts) {
  Recipe recipe = tiny();
  recipe.height = recipe.width = 224;  // 32 of them take more than a gigabyte
  recipe.batch_exponent = 5;
  recipe.epochs = 1;
  recipe.precision = "fp32";
  std::string message;
  TrainOptions options;
  options.on_message = [&](const std::string& text) { message += text; };
  TrainingSummary summary;
  {
    const MemoryLimit limit(700);
    summary = run(recipe, options);
  }
  EXPECT_EQ(summary.ending, Ending::kFinished);
  EXPECT_THAT(message, HasSubstr("at a time, in the same batch"));
}

}  // namespace
}  // namespace frugal::train
