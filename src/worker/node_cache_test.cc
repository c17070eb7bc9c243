#include "worker/node_cache.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"

namespace frugal::worker {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class NodeCacheTest : public testing::Test {
 protected:
  // Ten bytes at a time.
  NodeCache::Read lend(const std::string& content) {
    return [this, content](std::uint64_t offset) -> Piece {
      ++reads_;
      if (offset >= content.size()) return {};
      return {content.substr(offset, 10), content.size()};
    };
  }
  fs::path part_of(const std::string& hash) const {
    return folder_.path() / "blobs" / hash.substr(0, 2) / (hash + ".part");
  }
  static std::string text(char letter, std::size_t bytes) { return std::string(bytes, letter); }

  experiment::TemporaryFolder folder_;
  NodeCache cache_{folder_.path()};
  std::atomic<int> reads_ = 0;
  const std::string content_ = "what a coordinator lends to its workers";
  const std::string hash_ = sha256(content_);
};

TEST_F(NodeCacheTest, FetchesOnceForEveryProcess) {
  const fs::path place = cache_.fetch(hash_, lend(content_));
  EXPECT_EQ(read_file(place), content_);
  const int reads = reads_;
  EXPECT_EQ(cache_.fetch(hash_, lend(content_)), place);
  NodeCache of_another_process(folder_.path());
  EXPECT_EQ(of_another_process.fetch(hash_, lend(content_)), place);
  EXPECT_EQ(reads_, reads);
}

TEST_F(NodeCacheTest, FetchesOnceWhenManyWantItAtTheSameTime) {
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i)
    workers.emplace_back([&] {
      NodeCache own(folder_.path());
      EXPECT_EQ(read_file(own.fetch(hash_, lend(content_))), content_);
    });
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(reads_, 4);  // 39 bytes
}

TEST_F(NodeCacheTest, GoesOnWithWhatAKillLeft) {
  EXPECT_THROW(cache_.fetch(hash_,
                            [&](std::uint64_t offset) {
                              if (offset == 20) throw SystemError("torn");
                              return lend(content_)(offset);
                            }),
               SystemError);
  EXPECT_EQ(read_file(part_of(hash_)), content_.substr(0, 20));
  reads_ = 0;
  EXPECT_EQ(read_file(cache_.fetch(hash_, lend(content_))), content_);
  EXPECT_EQ(reads_, 2);
  EXPECT_FALSE(fs::exists(part_of(hash_)));
}

TEST_F(NodeCacheTest, TakesNothingThatIsNotWhatItIsCalled) {
  write_file(cache_.fetch(hash_, lend(content_)), "a disk that forgot");
  NodeCache of_another_process(folder_.path());
  EXPECT_EQ(read_file(of_another_process.fetch(hash_, lend(content_))), content_);

  fs::create_directories(part_of(sha256("abc")).parent_path());
  write_file(part_of(sha256("abc")), "abX");  // a torn write: begun anew
  EXPECT_EQ(read_file(cache_.fetch(sha256("abc"), lend("abc"))), "abc");

  EXPECT_THAT([&] { cache_.fetch(sha256("said"), lend("lent")); },
              ThrowsMessage<SystemError>(HasSubstr("changed since its run began")));
  EXPECT_THROW(cache_.fetch(sha256("said"), lend("")), SystemError);
}

TEST_F(NodeCacheTest, FetchesToAPlaceOfTheCallers) {
  const fs::path place = folder_.path() / "checkpoint";
  write_file(place, "an older one");
  cache_.fetch_to(place, hash_, lend(content_));
  EXPECT_EQ(read_file(place), content_);
  EXPECT_FALSE(fs::exists(part_of(hash_)));
}

TEST_F(NodeCacheTest, IsBoundedAndForgetsWhatWasNotUsedForLongest) {
  NodeCache small(folder_.path(), 250);
  const auto keep = [&](char letter, int hours_ago) {
    const fs::path place = small.fetch(sha256(text(letter, 100)), lend(text(letter, 100)));
    fs::last_write_time(place, fs::file_time_type::clock::now() - std::chrono::hours(hours_ago));
    return place;
  };
  const auto a = keep('a', 3), b = keep('b', 2), c = keep('c', 1);
  const auto lives = small.open_run("lives");
  EXPECT_FALSE(fs::exists(a));
  EXPECT_TRUE(fs::exists(b) && fs::exists(c));

  { write_file(small.open_run("ended").folder / "cache", text('x', 100)); }
  write_file(lives.folder / "cache", text('x', 100));
  for (const char* run : {"ended", "lives"})
    fs::last_write_time(folder_.path() / "runs" / run / "lock",
                        fs::file_time_type::clock::now() - std::chrono::hours(9));
  small.open_run("new");
  EXPECT_FALSE(fs::exists(folder_.path() / "runs" / "ended"));
  EXPECT_TRUE(fs::exists(lives.folder / "cache")) << "a worker is at it";
}

}  // namespace
}  // namespace frugal::worker
