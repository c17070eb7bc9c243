#include "vision/augment/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/check.h"
#include "vision/data/provenance.h"
#include "vision/data/split.h"
#include "vision/data/testing.h"

namespace frugal::augment {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() {
    for (std::size_t i = 0; i < 12; ++i)
      data::testing::write(photographs() / (i % 2 == 0 ? "even" : "odd") / name_of(i),
                           data::encode_png(data::testing::make_photograph(i, {40, 56})));
  }

  fs::path photographs() const { return folder_.path() / "photographs"; }
  static std::string name_of(std::size_t i) { return std::to_string(i) + ".png"; }

  data::Dataset dataset() {
    return data::check(data::read_dataset(photographs().string()), {}, silent_).dataset;
  }
  ExportSummary run(const std::string& output, const ExportOptions& options) {
    return export_augmented(dataset(), options, folder_.path() / output, silent_);
  }
  std::string message_of(const std::string& output, const ExportOptions& options) {
    try {
      run(output, options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
  // Relative path -> content.
  static std::map<std::string, std::string> files_in(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file())
        files[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    return files;
  }

  SilentProgress silent_;
  data::testing::TemporaryFolder folder_;
};

TEST_F(ExportTest, KeepsOriginalsAndMakesCopiesThatDiffer) {
  const ExportSummary summary = run("out", {.policy = policy_named("trivial"), .multiplier = 3});
  EXPECT_EQ(summary.originals, 12u);
  EXPECT_EQ(summary.copies, 36u);
  const auto files = files_in(folder_ / "out");
  EXPECT_EQ(files.size(), 12u + 36u + 1u);
  EXPECT_EQ(files.at("even/4.png"), read_file(photographs() / "even" / "4.png"));
  EXPECT_NE(files.at("even/4-aug1.jpg"), files.at("even/4-aug2.jpg"));
  const data::Image copy = data::read_image((folder_ / "out/even/4-aug1.jpg").string());
  EXPECT_EQ(copy.height, 35u);
  EXPECT_EQ(copy.width, 49u);
}

TEST_F(ExportTest, DependsOnItsOptionsAloneNotOnThreads) {
  run("a", {.policy = policy_named("trivial"), .multiplier = 2, .seed = 5, .threads = 1});
  run("b", {.policy = policy_named("trivial"), .multiplier = 2, .seed = 5, .threads = 3});
  run("c", {.policy = policy_named("trivial"), .multiplier = 2, .seed = 6, .threads = 1});
  EXPECT_EQ(files_in(folder_ / "a"), files_in(folder_ / "b"));
  EXPECT_NE(files_in(folder_ / "a"), files_in(folder_ / "c"));
}

TEST_F(ExportTest, OurSplitKeepsCopiesWithTheirSource) {
  run("out", {.policy = policy_named("random_crop,hue:range=0.5"), .multiplier = 2});
  const data::CheckSummary checked =
      data::check(data::read_dataset((folder_ / "out").string()), {}, silent_);
  EXPECT_EQ(checked.altered_copies, 24u);
  const data::Split split = data::make_split(checked, {.validation_share = 0.3, .test_share = 0.2});
  std::map<std::string, std::set<const void*>> parts;
  for (const auto* part : {&split.train, &split.validation, &split.test})
    for (const std::size_t i : *part) {
      const std::string stem = fs::path(checked.dataset.photographs[i].path).stem().string();
      parts[stem.substr(0, stem.find('-'))].insert(part);
    }
  EXPECT_EQ(parts.size(), 12u);
  for (const auto& [source, of] : parts) EXPECT_EQ(of.size(), 1u) << source;
  EXPECT_FALSE(split.test.empty());
}

TEST_F(ExportTest, AGivenSplitIsKeptAndOnlyItsTrainingPartAltered) {
  data::Dataset given = dataset();
  for (std::size_t i = 0; i < given.photographs.size(); ++i)
    given.photographs[i].given_part = i % 3 == 0 ? data::Part::kTest : data::Part::kTrain;
  const ExportSummary summary =
      export_augmented(given, {.policy = policy_named("crop-flip")}, folder_ / "out", silent_);
  EXPECT_EQ(summary.copies, 8u);
  for (const auto& [path, bytes] : files_in(folder_ / "out"))
    EXPECT_FALSE(path.starts_with("test/") && path.find("-aug") != std::string::npos) << path;
  EXPECT_EQ(data::read_dataset((folder_ / "out").string()).photographs.size(), 20u);
}

TEST_F(ExportTest, RefusesWhatItCannotDo) {
  EXPECT_THAT(message_of("out", {.policy = policy_named("random_crop,mixup")}),
              HasSubstr("mixup mixes labels"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_THAT(message_of("photographs", {.policy = policy_named("crop-flip")}),
              HasSubstr("exists; give another --output"));
  EXPECT_EQ(run("out", {.policy = policy_named("crop-flip")}).copies, 12u);
  data::Dataset again =
      data::check(data::read_dataset((folder_ / "out").string()), {}, silent_).dataset;
  EXPECT_THROW(export_augmented(again, {}, folder_ / "twice", silent_), InputError);
}

TEST_F(ExportTest, LeavesNothingHalfMade) {
  data::Dataset broken = dataset();
  data::testing::write(broken.photographs.back().path, "not a photograph");
  EXPECT_THROW(
      export_augmented(broken, {.policy = policy_named("crop-flip")}, folder_ / "out", silent_),
      InputError);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_FALSE(fs::exists(folder_ / "out.part"));
}

TEST_F(ExportTest, ResizesCopiesWhereAsked) {
  run("out", {.policy = policy_named("none"), .short_side_pixels = 24});
  const data::Image copy = data::read_image((folder_ / "out/odd/3-aug1.jpg").string());
  EXPECT_EQ(copy.height, 21u);
}

}  // namespace
}  // namespace frugal::augment
