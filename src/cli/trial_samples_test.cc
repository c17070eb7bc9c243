#include "cli/trial_samples.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "experiment/test_experiment.h"
#include "vision/draw/dataset.h"
#include "worker/training_executor.h"

namespace frugal::cli {
namespace {

using testing::HasSubstr;

// A run's folder with photographs that are split, and an experiment that trains in it.
class TrialSamplesTest : public testing::Test {
 protected:
  TrialSamplesTest() {
    SilentProgress silence;
    draw::draw_dataset({.classes = 2, .per_class = 8, .size = 48}, photographs(), silence);
    run().open({{"command", "tune"}}, {});
    DataOptions data;
    data.data = photographs();
    run().prepare_data(data, {}, 1, silence);
    train::Recipe recipe;
    recipe.augment = "trivial";
    describe(recipe);
  }

  std::string photographs() const { return folder_.path() / "photographs"; }
  RunFolder run() const { return RunFolder((folder_.path() / "run").string()); }
  void describe(const train::Recipe& recipe) {
    const worker::TrainingSetup setup{
        .folder = run().path(), .weights = "", .recipe = to_json(recipe)};
    experiment_.space = optimizer::space_from_json({{"parameters",
                                                     {{{"name", "learning_rate"},
                                                       {"type", "double"},
                                                       {"bounds", {{"min", 0.001}, {"max", 1}}}}}}},
                                                   "the space");
    experiment_.metadata = {{"training", to_json(setup)}};
    trial_.suggestion.assignments = {{"learning_rate", 0.1}};
  }
  std::string lacking() { return TrialSamples(run()).draw(experiment_, trial_).lacking; }

  experiment::TemporaryFolder folder_;
  experiment::Experiment experiment_ = experiment::test_experiment();
  experiment::Trial trial_;
};

TEST_F(TrialSamplesTest, AreASheetOfTrainingPhotographsUnderTheTrialsPolicy) {
  TrialSamples samples(run());
  const auto sheet = samples.draw(experiment_, trial_);
  ASSERT_EQ(sheet.lacking, "");
  EXPECT_THAT(sheet.transforms, HasSubstr("trivial"));
  EXPECT_EQ(sheet.photographs, 8u);
  const data::Image image = data::decode_image(sheet.jpeg, {}, "the sheet");
  EXPECT_EQ(image.width, sheet.width);
  EXPECT_EQ(image.height, sheet.height);
  EXPECT_GT(image.height, (1 + sheet.variants) * 112);
  EXPECT_EQ(samples.draw(experiment_, trial_).jpeg, sheet.jpeg);
  trial_.metadata = {{"changes", {{"augment", "crop-flip"}}}};
  EXPECT_NE(samples.draw(experiment_, trial_).jpeg, sheet.jpeg);
}

TEST_F(TrialSamplesTest, SayWhyThereAreNone) {
  train::Recipe recipe;
  recipe.augment = "none";
  describe(recipe);
  EXPECT_THAT(lacking(), HasSubstr("without augmentation"));
  recipe = train::Recipe{.strategy = train::Strategy::kFeatures};
  describe(recipe);
  EXPECT_THAT(lacking(), HasSubstr("as they are"));
  describe({});
  std::filesystem::remove_all(photographs());
  EXPECT_THAT(lacking(), HasSubstr("no training photograph can be read"));
}

TEST_F(TrialSamplesTest, OfAProgramAreNone) {
  experiment_.metadata = {{"program", Json::object()}};
  EXPECT_THAT(lacking(), HasSubstr("runs a program"));
}

}  // namespace
}  // namespace frugal::cli
