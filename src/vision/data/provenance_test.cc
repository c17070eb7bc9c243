#include "vision/data/provenance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "vision/data/check.h"
#include "vision/data/split.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

// Two classes of eight photographs, each with two copies that look like nothing else, and the
// list of copies.
class ProvenanceTest : public ::testing::Test {
 protected:
  void make(bool with_list) {
    std::vector<AlteredCopy> copies;
    for (std::size_t i = 0; i < 16; ++i) {
      const std::string source = place(i, "");
      const std::string source_hash = write_photograph(source, i);
      for (std::size_t variant = 1; variant <= 2; ++variant) {
        const std::string copy = place(i, fmt::format("-copy{}", variant));
        const std::string hash = write_photograph(copy, 100 + 2 * i + variant);
        copies.push_back({copy, hash, source, source_hash, variant});
      }
    }
    if (with_list) write(folder_ / kProvenanceFile, to_json(copies, {{"seed", 1}}).dump());
  }

  static std::string place(std::size_t i, const std::string& suffix) {
    return fmt::format("{}/{:02}{}.png", i % 2 == 0 ? "a" : "b", i, suffix);
  }
  std::string write_photograph(const std::string& name, std::uint64_t seed) {
    const std::string png = encode_png(testing::make_photograph(seed));
    write(folder_ / name, png);
    return sha256(png);
  }
  static void write(const std::filesystem::path& path, const std::string& content) {
    testing::write(path, content);
  }

  // Sources of which a copy is in another part than the source.
  std::size_t torn() {
    SilentProgress silent;
    const CheckSummary checked = check(read_dataset(folder_.path().string()), {}, silent);
    copies_ = checked.altered_copies;
    std::map<std::string, std::set<int>> parts;
    const Split split = make_split(checked, {.validation_share = 0.25, .test_share = 0.25});
    int part = 0;
    for (const auto* indices : {&split.train, &split.validation, &split.test}) {
      for (const std::size_t i : *indices) {
        const auto file = std::filesystem::path(checked.dataset.photographs[i].path).filename();
        parts[file.string().substr(0, 2)].insert(part);
      }
      ++part;
    }
    return static_cast<std::size_t>(std::count_if(
        parts.begin(), parts.end(), [](const auto& entry) { return entry.second.size() > 1; }));
  }

  testing::TemporaryFolder folder_;
  std::size_t copies_ = 0;
};

TEST_F(ProvenanceTest, CopiesStayWithTheirSource) {
  make(true);
  EXPECT_EQ(torn(), 0u);
  EXPECT_EQ(copies_, 32u);
}

TEST_F(ProvenanceTest, WithoutTheListTheyAreSplit) {  // or the test above could not fail
  make(false);
  EXPECT_GT(torn(), 0u);
  EXPECT_EQ(copies_, 0u);
}

TEST_F(ProvenanceTest, CopiesStayTogetherWhenTheirSourceIsGone) {
  make(true);
  for (std::size_t i = 0; i < 16; ++i) std::filesystem::remove(folder_ / place(i, ""));
  EXPECT_EQ(torn(), 0u);
}

TEST_F(ProvenanceTest, TheListCountsInTheFolderAboveToo) {
  make(true);
  std::filesystem::create_directories(folder_ / "in");
  for (const char* name : {"a", "b"})
    std::filesystem::rename(folder_ / name, folder_.path() / "in" / name);
  EXPECT_EQ(read_copies(folder_ / "in").size(), 32u);
  EXPECT_EQ(read_copies((folder_ / "in").string() + "/").size(), 32u);
}

TEST_F(ProvenanceTest, AListThatIsNoneIsRefused) {
  make(false);
  for (const char* text : {"{\"version\": 2, \"copies\": []}", "{\"version\": 1}",
                           "{\"version\": 1, \"copies\": [[1]]}", "[]", "{"}) {
    write(folder_ / kProvenanceFile, text);
    EXPECT_THROW(read_copies(folder_.path()), InputError) << text;
  }
}

TEST(Provenance, SurvivesJson) {
  const std::vector<AlteredCopy> copies = {{"a/1-copy1.jpg", "c0", "a/1.jpg", "5e", 1}};
  EXPECT_EQ(copies_from_json(to_json(copies, Json::object()), "x"), copies);
}

}  // namespace
}  // namespace frugal::data
