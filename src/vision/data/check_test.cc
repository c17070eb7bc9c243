#include "vision/data/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "vision/data/likeness.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_photograph;
using testing::TemporaryFolder;

// Two classes, "cats" and "dogs", in a folder of their own.
class Check : public ::testing::Test {
 protected:
  // Returns the index of the photograph.
  std::size_t add(const std::string& name, std::string_view content, std::size_t label) {
    testing::write(folder_ / name, content);
    dataset_.photographs.push_back({(folder_ / name).string(), label, "", std::nullopt});
    return dataset_.photographs.size() - 1;
  }

  void add_plain(int per_class) {
    for (int i = 0; i < 2 * per_class; ++i)
      add("plain" + std::to_string(i) + ".jpg",
          encode_jpeg(make_photograph(static_cast<std::uint64_t>(i)), 85),
          static_cast<std::size_t>(i % 2));
  }

  CheckSummary run(const CheckOptions& options = {}) { return check(dataset_, options, silent_); }

  std::string error_of(const CheckOptions& options = {}) {
    try {
      run(options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
  Dataset dataset_{"", "folder", {"cats", "dogs"}, {}};
  SilentProgress silent_;
};

TEST_F(Check, FindsNothingWrongWithGoodPhotographs) {
  add_plain(10);
  const CheckSummary summary = run();
  EXPECT_THAT(summary.broken, IsEmpty());
  EXPECT_THAT(summary.duplicates, IsEmpty());
  EXPECT_THAT(summary.near_duplicates, IsEmpty());
  EXPECT_THAT(summary.conflicting, IsEmpty());
  EXPECT_EQ(summary.min_per_class, 10u);
  EXPECT_EQ(summary.max_per_class, 10u);
  EXPECT_EQ(summary.median_short_side_pixels, 48u);
  EXPECT_NEAR(summary.median_aspect, 64.0 / 48.0, 1e-9);
  for (const auto& photograph : summary.dataset.photographs)
    EXPECT_EQ(photograph.content_hash, sha256(read_file(photograph.path)));
}

TEST_F(Check, NamesCountsAndLeavesOutWhatIsBroken) {
  add_plain(30);
  const std::string whole = encode_jpeg(make_photograph(99), 85);
  add("cut.jpg", whole.substr(0, whole.size() / 2), 0);
  add("empty.jpg", "", 0);
  add("notes.txt", "hello", 1);
  const CheckSummary summary = run();
  ASSERT_EQ(summary.broken.size(), 3u);
  EXPECT_EQ(summary.broken[0].reason, "truncated JPEG");
  EXPECT_EQ(summary.broken[1].reason, "empty file");
  EXPECT_EQ(summary.broken[2].reason, "not an image");
  EXPECT_THAT(summary.broken[2].path, HasSubstr("notes.txt"));
  EXPECT_EQ(summary.dataset.photographs.size(), 60u);
  EXPECT_EQ(summary.group.size(), 60u);
  EXPECT_EQ(to_json(summary).at("broken").size(), 3u);
}

TEST_F(Check, TooManyBrokenOnesAreAnErrorAndOneIsWhenStrict) {
  add_plain(20);
  dataset_.photographs.push_back({(folder_ / "gone.jpg").string(), 0, "", std::nullopt});
  EXPECT_EQ(error_of(), "no error");
  EXPECT_THAT(error_of({.strict = true}), HasSubstr("gone.jpg: no such file"));
  add("a.jpg", "", 0);
  add("b.jpg", "", 0);
  EXPECT_THAT(error_of(), HasSubstr("3 of 43 photographs cannot be used"));
}

TEST_F(Check, AClassOfOnePhotographIsAnErrorThatNamesIt) {
  dataset_.classes.push_back("llamas");
  add_plain(3);
  add("llama.jpg", encode_jpeg(make_photograph(50), 85), 2);
  EXPECT_THAT(error_of(), HasSubstr("\"llamas\" has 1"));
}

TEST_F(Check, GroupsEqualContentAndTellsConflictingLabels) {
  add_plain(4);
  const std::string twin = encode_jpeg(make_photograph(60), 85);
  const std::string other = encode_jpeg(make_photograph(61), 85);
  const std::size_t a = add("a.jpg", twin, 0), b = add("b.jpg", twin, 0);
  const std::size_t c = add("c.jpg", other, 0), d = add("d.jpg", other, 1);
  const CheckSummary summary = run();
  EXPECT_THAT(summary.duplicates, ElementsAre(ElementsAre(a, b), ElementsAre(c, d)));
  EXPECT_THAT(summary.conflicting, ElementsAre(ElementsAre(c, d)));
  EXPECT_THAT(summary.near_duplicates, IsEmpty());
  EXPECT_EQ(summary.group[a], summary.group[b]);
  EXPECT_EQ(summary.group[c], summary.group[d]);
  EXPECT_NE(summary.group[a], summary.group[c]);
}

TEST_F(Check, GroupsCopiesThatWereRecompressedResizedOrMadeLighter) {
  add_plain(4);
  const Image original = make_photograph(70, {240, 320});
  Image lighter = original;
  for (auto& value : lighter.pixels) value = static_cast<std::uint8_t>(std::min(255, value + 15));
  const std::size_t a = add("a.jpg", encode_jpeg(original, 90), 0);
  const std::size_t b = add("b.jpg", encode_jpeg(original, 40), 0);
  const std::size_t c = add("c.png", encode_png(resize(original, {120, 160})), 1);
  const std::size_t d = add("d.jpg", encode_jpeg(lighter, 80), 1);
  const CheckSummary summary = run();
  EXPECT_THAT(summary.near_duplicates, ElementsAre(ElementsAre(a, b, c, d)));
  EXPECT_THAT(summary.duplicates, IsEmpty());
}

TEST_F(Check, DoesNotDependOnThreads) {
  add_plain(20);
  add("copy.jpg", read_file(dataset_.photographs[3].path), 0);
  const CheckSummary one = run({.threads = 1}), four = run({.threads = 4});
  EXPECT_EQ(to_json(one), to_json(four));
  EXPECT_EQ(one.group, four.group);
  EXPECT_EQ(one.dataset, four.dataset);
}

TEST_F(Check, EndsWhenTheProgressSinkThrows) {
  class Stopping final : public ProgressSink {
   public:
    void progress(const Progress&) override { throw Stopped("stopped"); }
    void message(const std::string&) override {}
  };
  add_plain(10);
  Stopping stopping;
  EXPECT_THROW(check(dataset_, {.threads = 3}, stopping), Stopped);
}

TEST(Likeness, OfFlatPicturesIsEqualityOfTheirColour) {
  const auto flat = [](std::uint8_t level) {
    return likeness(Image{30, 30, std::vector<std::uint8_t>(2700, level)}, {30, 30});
  };
  EXPECT_TRUE(alike(flat(100), flat(100)));
  EXPECT_FALSE(alike(flat(100), flat(101)));
}

TEST(Likeness, DoesNotMergeManyDifferentPictures) {
  std::vector<Likeness> items;
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    items.push_back(likeness(make_photograph(seed, {32, 32}), {32, 32}));
  SilentProgress silent;
  const std::vector<std::size_t> group = group_alike(items, 2, silent);
  for (std::size_t i = 0; i < group.size(); ++i) EXPECT_EQ(group[i], i);
}

TEST(CheckOfRealCars, FindsTheTwinsThatAreKnown) {
  const std::string shared = testing::shared_folder(FRUGAL_SHARED_DEFAULT);
  if (shared.empty()) GTEST_SKIP() << "no shared data here";
  SilentProgress silent;
  const CheckSummary summary =
      check(read_dataset(shared + "/data/stanford-cars"), {.threads = 2}, silent);
  EXPECT_THAT(summary.broken, IsEmpty());
  EXPECT_EQ(summary.duplicates.size(), 7u);
  EXPECT_EQ(summary.conflicting.size(), 7u);
  EXPECT_EQ(summary.min_per_class, 18u);
  EXPECT_EQ(summary.max_per_class, 51u);
  const auto has = [&](std::string_view name) {
    return std::any_of(summary.near_duplicates.begin(), summary.near_duplicates.end(),
                       [&](const auto& group) {
                         return summary.dataset.photographs[group[0]].path.ends_with(name);
                       });
  };
  EXPECT_TRUE(has("02574.jpg"));   // and 04878: the same Dodge Charger, two model years
  EXPECT_FALSE(has("03353.jpg"));  // two black cars in the same white studio
  for (const auto& group : summary.near_duplicates) EXPECT_EQ(group.size(), 2u);
}

}  // namespace
}  // namespace frugal::data
