#include "cli/study_file.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/study_arms.h"
#include "cli/study_runs.h"
#include "experiment/test_experiment.h"

namespace frugal::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

constexpr const char* kHead =
    "data: photos\n"
    "weights: {resnet18: r18.pth, resnet50: r50.pth}\n"
    "budget: 5m\n";
constexpr const char* kArms =
    "arms:\n"
    "  - {name: plain, strategy: fine-tune, network: resnet18, tuned: false}\n"
    "  - {name: tuned, strategy: fine-tune, network: resnet18, augment: study}\n";

class StudyFileTest : public testing::Test {
 protected:
  DeclaredStudy read(const std::string& text, CompareOptions options = {}) {
    options.study = folder_.path() / "study.yml";
    write_file(options.study, text);
    return read_study_file(options);
  }

  void expect_refused(const std::string& text, const std::string& words) {
    EXPECT_THAT([&] { read(text); }, ThrowsMessage<InputError>(HasSubstr(words))) << text;
  }

  experiment::TemporaryFolder folder_;
};

TEST_F(StudyFileTest, ReadsWhatIsDeclared) {
  const DeclaredStudy study = read(std::string(kHead) + "seeds: 2\nbaseline: tuned\n" + kArms);
  EXPECT_EQ(study.name, "study");
  EXPECT_EQ(study.seeds, (std::vector<std::uint64_t>{1, 2}));
  ASSERT_EQ(study.arms.size(), 2u);
  EXPECT_FALSE(study.arms[0].tuned);
  EXPECT_TRUE(study.arms[1].tuned);
  EXPECT_EQ(study.arms[1].augment, "study");
  EXPECT_EQ(study.weights.at("resnet50"), "r50.pth");
  EXPECT_EQ(read(std::string(kHead) + "seeds: [7, 9]\n" + kArms).seeds[1], 9u);
}

TEST_F(StudyFileTest, OptionsOverruleTheFile) {
  CompareOptions options;
  options.data.data = "others";
  options.budget = "9m";
  options.seeds = 1;
  const DeclaredStudy study = read(std::string(kHead) + kArms, options);
  EXPECT_EQ(study.data.data, "others");
  EXPECT_EQ(study.budget, "9m");
  EXPECT_EQ(study.seeds.size(), 1u);
}

TEST_F(StudyFileTest, ReadsTheShippedStudies) {
  std::size_t read_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FRUGAL_STUDIES)) {
    CompareOptions options;
    options.study = entry.path();
    EXPECT_GE(read_study_file(options).arms.size(), 2u) << entry.path();
    ++read_files;
  }
  EXPECT_GE(read_files, 2u);
}

TEST_F(StudyFileTest, NamesTheLineAndTheKeyOfWhatIsWrong) {
  const std::string head = kHead;
  expect_refused(head + "bugdet: 5m\n" + kArms,
                 "study.yml:4: unknown key \"bugdet\"; did you mean \"budget\"?");
  expect_refused(head + kArms + "  - name: x\n    strategy: features\n    tunned: true\n",
                 "study.yml:9: unknown key \"tunned\"; did you mean \"tuned\"?");
  expect_refused(head + kArms + "  - {name: x, strategy: fine-tun}\n", "study.yml:7");
  expect_refused(head + kArms + "  - {name: x, strategy: features, suggester: multitsk}\n",
                 "did you mean \"multitask\"?");
  expect_refused(head + kArms + "  - {name: x, strategy: fine-tune, augment: studdy}\n",
                 "study.yml:7");
  expect_refused(head + kArms + "  - {name: x, strategy: fine-tune, recipe: none.yml}\n",
                 "study.yml:7: cannot open none.yml");
  expect_refused(head + kArms + "  - {name: x, strategy: features, augment: study}\n",
                 "augment is of fine-tuning");
  expect_refused(
      head + kArms + "  - {name: x, strategy: fine-tune, tuned: false, augment: study}\n",
      "has ranges to be tuned");
  expect_refused(head + kArms + "  - {name: x, strategy: features, tuned: 3}\n",
                 "tuned is true or false");
  expect_refused(head + kArms + "  - {name: Plain, strategy: features}\n" +
                     "  - {name: plain, strategy: features}\n",
                 "study.yml:8: a second arm is called like \"plain\"");
  expect_refused(
      head + kArms + "  - {name: x, strategy: fine-tune, network: resnet18, tuned: false}\n",
      "\"x\" is the same as arm \"plain\"");
  expect_refused(head + "seeds: 0\n" + kArms, "study.yml:4: seeds are how many");
  expect_refused(head + "seeds: [3, 3]\n" + kArms, "stands twice");
  expect_refused(head + "baseline: plian\n" + kArms, "did you mean \"plain\"?");
  expect_refused("data: photos\nbudget: 5parsecs\n" + std::string(kArms), "study.yml:2");
  expect_refused("data: photos\nbudget: 5usd\n" + std::string(kArms), "--price-per-hour");
  expect_refused("data: photos\nbudget: 5runs\n" + std::string(kArms), "epochs and resolution");
  expect_refused("budget: 5m\n" + std::string(kArms), "data is missing");
  expect_refused("data: photos\n" + std::string(kArms), "budget is missing");
  expect_refused("[1, 2]\n", "expected a study");
}

TEST_F(StudyFileTest, RefusesOneArm) {
  expect_refused(std::string(kHead) + "arms:\n  - {name: plain, strategy: features}\n",
                 "study.yml:4: 1 arm: there is nothing to compare");
  expect_refused(kHead, "a study has arms");
}

TEST_F(StudyFileTest, RefusesToGoWithoutAnyWeights) {
  const DeclaredStudy study = read(std::string(kHead) + kArms);
  EXPECT_THAT([&] { resolve(study); },
              ThrowsMessage<InputError>(HasSubstr("the weights of resnet18 are missing (r18.pth")));
}

TEST(FolderName, KeepsWhatAnyFileSystemKeeps) {
  EXPECT_EQ(folder_name("fine-tuned, tuned (50 %)"), "fine-tuned-tuned-50");
  EXPECT_EQ(folder_name("../../etc"), "-..-..-etc");
  EXPECT_EQ(folder_name("§§"), "");
}

DeclaredStudy example() {
  DeclaredStudy study;
  study.data.data = "photos";
  study.weights["resnet18"] = "r18.pth";
  study.budget = "5m";
  study.arms.resize(2);
  study.arms[0].name = "plain";
  study.arms[0].tuned = false;
  study.arms[1].name = "tuned";
  return study;
}

std::vector<ResolvedArm> resolved(const DeclaredStudy& study) {
  std::vector<ResolvedArm> arms;
  for (const DeclaredArm& arm : study.arms) arms.push_back({arm, "resnet18", "r18.pth", "", false});
  return arms;
}

TEST(StudyIdentity, LetsArmsAndSeedsBeAddedAndNothingElse) {
  const DeclaredStudy study = example();
  const Json before = identity(study, resolved(study));
  EXPECT_EQ(study_difference(before, before), "");
  DeclaredStudy more = study;
  more.seeds.push_back(4);
  more.arms.push_back(study.arms[1]);
  more.arms[2].name = "third";
  EXPECT_EQ(study_difference(before, identity(more, resolved(more))), "");
  EXPECT_NE(study_difference(identity(more, resolved(more)), before), "");
  DeclaredStudy changed = study;
  changed.arms[1].augment = "wide";
  EXPECT_THAT(study_difference(before, identity(changed, resolved(changed))),
              HasSubstr("arms.tuned.augment was  and is now wide"));
  changed = study;
  changed.budget = "6m";
  EXPECT_EQ(study_difference(before, identity(changed, resolved(changed))),
            "budget was 5m and is now 6m");
  auto other_weights = resolved(study);
  other_weights[0].weights = "r50.pth";
  EXPECT_THAT(study_difference(before, identity(study, other_weights)),
              HasSubstr("arms.plain.weights"));
}

TEST(StudyCommands, AnUntunedArmGetsTheBudgetOfItsTunedTwinInOneRun) {
  DeclaredStudy study = example();
  const auto arms = resolved(study);
  const auto tuned = command_of(study, arms[1], 3, "out", {});
  const auto untuned = command_of(study, arms[0], 3, "out", {});
  EXPECT_EQ(tuned[0], "tune");
  EXPECT_EQ(untuned[0], "train");
  EXPECT_THAT(tuned, testing::IsSupersetOf({"--budget", "5m", "--seed", "3", "--seeds", "1"}));
  EXPECT_THAT(untuned, testing::IsSupersetOf({"--budget", "300s", "--with-validation"}));
  EXPECT_THAT(untuned, Not(Contains("--epochs")));

  study.budget = "6runs";  // end to end
  study.epochs = 2;
  study.resolution = 32;
  EXPECT_THAT(command_of(study, arms[0], 3, "out", {}),
              testing::IsSupersetOf({"--epochs", "12", "--resolution", "32"}));
  study.arms[0].resolution = 48;
  EXPECT_THAT(command_of(study, resolved(study)[0], 3, "out", {}),
              testing::IsSupersetOf({"--resolution", "48"}));
}

TEST(StudyCommands, APlateauHasValidationPhotographsToWatchInBothTwins) {
  DeclaredStudy study = example();
  for (DeclaredArm& arm : study.arms) arm.recipe = "study";
  const auto arms = resolved(study);
  EXPECT_THAT(command_of(study, arms[0], 1, "out", {}), Not(Contains("--with-validation")));
  EXPECT_THAT(command_of(study, arms[1], 1, "out", {}), Not(Contains("--no-refit")));  // tune knows
}

}  // namespace
}  // namespace frugal::cli
