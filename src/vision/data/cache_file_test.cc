#include "vision/data/cache_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "base/error.h"
#include "vision/data/testing.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::size_t kBytes = 100'000;
constexpr std::uint64_t kRoomForTwo = 250'000;

class CacheFileTest : public ::testing::Test {
 protected:
  // Bytes that the identity decides.
  CacheFile open(const std::string& identity, std::uint64_t limit = kRoomForTwo) {
    return CacheFile::open_or_build(
        {folder(), limit}, {.kind = "letters", .identity = identity, .bytes = kBytes},
        [&](std::span<std::byte> payload) {
          ++builds_;
          std::fill(payload.begin(), payload.end(), std::byte(identity.at(0)));
        },
        silent_);
  }
  static bool holds(const CacheFile& file, char letter) {
    const auto payload = file.payload();
    return payload.size() == kBytes && std::all_of(payload.begin(), payload.end(), [&](auto byte) {
             return byte == std::byte(letter);
           });
  }
  std::string folder() const { return (place_ / "cache").string(); }
  // Names without the locks.
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder()))
      if (entry.path().extension() != ".lock") names.insert(entry.path().filename());
    return names;
  }
  // As if nobody had opened any of these for so many hours more.
  void age(int hours) const {
    for (const std::string& name : files()) {
      const fs::path path = fs::path(folder()) / name;
      fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(hours));
    }
  }

  TemporaryFolder place_;
  SilentProgress silent_;
  int builds_ = 0;
};

TEST_F(CacheFileTest, IsBuiltOnceForEachIdentity) {
  EXPECT_TRUE(holds(open("a"), 'a'));
  EXPECT_TRUE(holds(open("b"), 'b'));
  EXPECT_TRUE(holds(open("a"), 'a'));
  EXPECT_EQ(builds_, 2);
}

TEST_F(CacheFileTest, MakesRoomByRemovingWhatNobodyOpenedForLongest) {
  open("a");
  age(1);
  open("b");
  age(1);
  open("a");  // now b is the one
  const CacheFile c = open("c");
  EXPECT_EQ(files().size(), 2u);
  EXPECT_EQ(builds_, 3);
  open("a");
  EXPECT_EQ(builds_, 3);
  open("b");
  EXPECT_EQ(builds_, 4);
}

TEST_F(CacheFileTest, StaysMappedForThoseWhoHaveItWhenItIsRemoved) {
  const CacheFile a = open("a", 1);
  const CacheFile b = open("b", 1);
  EXPECT_EQ(files().size(), 1u);  // larger than the bound, and alone
  EXPECT_TRUE(holds(a, 'a'));
  EXPECT_TRUE(holds(b, 'b'));
}

TEST_F(CacheFileTest, ClearsAwayWhatKilledBuildsLeft) {
  open("a");
  const std::string name = *files().begin();
  fs::rename(fs::path(folder()) / name, fs::path(folder()) / (name + ".tmp"));
  open("b");
  EXPECT_EQ(files().size(), 1u);
  EXPECT_FALSE(files().contains(name + ".tmp"));
}

TEST_F(CacheFileTest, LeavesNothingBehindWhenTheBuildFails) {
  const auto fail = [](std::span<std::byte>) { throw std::runtime_error("no"); };
  EXPECT_THROW(
      CacheFile::open_or_build({folder()}, {.kind = "letters", .bytes = 10}, fail, silent_),
      std::runtime_error);
  EXPECT_TRUE(files().empty());
}

TEST_F(CacheFileTest, RefusesWhatNeitherDiskNorMemoryCanHold) {
  testing::write(place_ / "cache", "a file where a folder should be");
  const auto never = [](std::span<std::byte>) { FAIL(); };
  try {
    CacheFile::open_or_build({folder()}, {.kind = "letters", .bytes = std::size_t{1} << 46}, never,
                             silent_);
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_THAT(error.what(), HasSubstr("of letters in " + folder() + ", nor in memory"));
  }
}

TEST_F(CacheFileTest, AVersionIsAnotherContent) {
  open("a");
  int builds = 0;
  CacheFile::open_or_build(
      {folder()}, {.kind = "letters", .version = 2, .identity = "a", .bytes = 5},
      [&](std::span<std::byte>) { ++builds; }, silent_);
  EXPECT_EQ(builds, 1);
}

}  // namespace
}  // namespace frugal::data
