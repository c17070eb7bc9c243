#include "vision/data/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "vision/data/testing.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::make_photograph;
using testing::TemporaryFolder;

constexpr Size kCanvas{40, 32};

class Cache : public ::testing::Test {
 protected:
  Cache() {
    for (std::uint64_t i = 0; i < 12; ++i) {
      const fs::path path = photographs_ / (std::to_string(i) + ".png");
      const std::string content = encode_png(make_photograph(i));
      testing::write(path, content);
      dataset_.photographs.push_back({path.string(), i % 2, sha256(content), std::nullopt});
    }
  }

  PhotographCache open(Size canvas = kCanvas, unsigned threads = 2) {
    return PhotographCache::open_or_build(dataset_, canvas, {folder()}, threads, progress_);
  }

  std::string folder() const { return (place_ / "cache/deeper").string(); }

  // The cache files in the folder, without the locks.
  std::vector<fs::path> files() const {
    std::vector<fs::path> result;
    for (const auto& entry : fs::directory_iterator(folder()))
      if (entry.path().extension() != ".lock") result.push_back(entry.path());
    return result;
  }

  void expect_right(const PhotographCache& cache, Size canvas = kCanvas) const {
    ASSERT_EQ(cache.size(), dataset_.photographs.size());
    EXPECT_EQ(cache.canvas(), canvas);
    for (std::size_t i = 0; i < cache.size(); ++i) {
      const Image expected =
          resize_and_center_crop(read_image(dataset_.photographs[i].path), canvas);
      const auto pixels = cache.pixels(i);
      ASSERT_TRUE(
          std::equal(pixels.begin(), pixels.end(), expected.pixels.begin(), expected.pixels.end()));
    }
  }

  // What opening throws; Failure: its type.
  template <typename Failure>
  std::string error_of() {
    try {
      open();
    } catch (const Failure& error) {
      return error.what();
    }
    return "no error";
  }

  // How often a build reported progress, and what it said.
  class Counting final : public ProgressSink {
   public:
    void progress(const Progress&) override { ++reports; }
    void message(const std::string& text) override { messages += text; }
    int reports = 0;
    std::string messages;
  };

  TemporaryFolder photographs_, place_;
  Dataset dataset_{"", "folder", {"a", "b"}, {}};
  Counting progress_;
};

TEST_F(Cache, HoldsTheCentreOfEachPhotograph) {
  expect_right(open());
  expect_right(open({64, 64}, 1), {64, 64});
}

TEST_F(Cache, IsBuiltOnce) {
  expect_right(open());
  const int reports = progress_.reports;
  EXPECT_GT(reports, 0);
  for (const auto& photograph : dataset_.photographs) fs::remove(photograph.path);
  EXPECT_EQ(open().size(), 12u);
  EXPECT_EQ(progress_.reports, reports);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, IsKeyedByContentOrderAndCanvas) {
  open();
  open({32, 40});
  std::swap(dataset_.photographs[0], dataset_.photographs[1]);
  expect_right(open());
  EXPECT_EQ(files().size(), 3u);
  dataset_.photographs[0].path = (photographs_ / "moved.png").string();  // the content is the same
  EXPECT_EQ(open().size(), 12u);
  EXPECT_EQ(files().size(), 3u);
}

TEST_F(Cache, IsBuiltAnewWhenTornOrOfAnotherFormat) {
  open();
  const fs::path path = files().front();
  const std::string whole = read_file(path);
  fs::resize_file(path, whole.size() - 1);
  expect_right(open());
  fs::resize_file(path, 0);
  expect_right(open());
  std::string other = whole;
  other[other.find('\n') - 1] = '0';  // the version
  write_file(path, other);
  expect_right(open());
  EXPECT_EQ(read_file(path).substr(0, whole.find('\n')), whole.substr(0, whole.find('\n')));
}

TEST_F(Cache, NoticesAPhotographThatChanged) {
  testing::write(dataset_.photographs[5].path, encode_png(make_photograph(100)));
  EXPECT_THAT(error_of<InputError>(), HasSubstr("5.png changed since the data was checked"));
  EXPECT_TRUE(files().empty());
  fs::remove(dataset_.photographs[5].path);
  EXPECT_THAT(error_of<InputError>(), HasSubstr("5.png: no such file"));
}

TEST_F(Cache, NoticesAPhotographThatChangedAfterItWasBuilt) {
  const PhotographCache cache = open();
  EXPECT_NO_THROW(cache.require_unchanged(dataset_));
  const std::string& path = dataset_.photographs[5].path;
  const std::string content = read_file(path);
  testing::write(path, content);  // touched, but the same
  EXPECT_NO_THROW(cache.require_unchanged(dataset_));
  testing::write(path, encode_png(make_photograph(100)));
  fs::last_write_time(path, fs::file_time_type::min() + std::chrono::hours(1));  // as a copy may
  EXPECT_THROW(cache.require_unchanged(dataset_), InputError);
  fs::remove(path);
  EXPECT_NO_THROW(cache.require_unchanged(dataset_));
}

TEST_F(Cache, TakesNoNoticeOfWhatAKilledBuildLeft) {
  open();
  const fs::path path = files().front();
  fs::rename(path, path.string() + ".tmp");
  expect_right(open());
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, OutlivesAKillInTheMiddleOfItsBuild) {
  // The child dies at its third report, as by kill -9: no destructor runs.
  class Dying final : public ProgressSink {
   public:
    void progress(const Progress&) override {
      if (++reports_ == 3) ::raise(SIGKILL);
    }
    void message(const std::string&) override {}

   private:
    int reports_ = 0;
  };
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Dying dying;
    PhotographCache::open_or_build(dataset_, kCanvas, {folder()}, 1, dying);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(files().size(), 1u);  // what the child left
  expect_right(open());
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, IsBuiltOnceByManyProcesses) {
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const PhotographCache cache = open(kCanvas, 1);
      ::_exit(cache.size() == 12 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(files().size(), 1u);
  expect_right(open());
}

// Where there is no place on disk the pixels are the same, and the reason is said.
TEST_F(Cache, GoesOnInMemoryWhenAFileMayNotBecomeThatLarge) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{16384, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_right(open());
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(progress_.messages, HasSubstr("File too large"));
  EXPECT_THAT(progress_.messages, HasSubstr("kept in memory"));
  EXPECT_TRUE(files().empty());
  expect_right(open());
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, GoesOnInMemoryWhenItsFolderCannotBeMade) {
  testing::write(place_ / "cache", "a file where a folder should be");
  expect_right(open());
  EXPECT_THAT(progress_.messages, HasSubstr("Not a directory"));
}

// A file system of its own, mounted on a folder; not everybody may.
class Mount {
 public:
  Mount(const fs::path& folder, const char* options, unsigned long flags) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ = ::mount("frugal-test", folder.c_str(), "tmpfs", flags, options) == 0;
  }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount() {
    if (mounted_) ::umount(folder_.c_str());
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST_F(Cache, GoesOnInMemoryOnAFullDisk) {
  const Mount disk(folder(), "size=32k", 0);
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system";
  expect_right(open());
  EXPECT_THAT(progress_.messages, HasSubstr("No space left on device"));
  EXPECT_TRUE(files().empty());
}

TEST_F(Cache, GoesOnInMemoryOnAReadOnlyDisk) {
  const Mount disk(folder(), "size=32k", MS_RDONLY);
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system";
  expect_right(open());
  EXPECT_THAT(progress_.messages, HasSubstr("Read-only file system"));
}

}  // namespace
}  // namespace frugal::data
