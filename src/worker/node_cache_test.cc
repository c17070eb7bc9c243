#include "worker/node_cache.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"

namespace frugal::worker {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class NodeCacheTest : public testing::Test {
 protected:
  NodeCacheTest() {
    for (int i = 0; i < 20; ++i) {
      texts_.push_back("photograph " + std::to_string(i));
      hashes_.push_back(sha256(texts_.back()));
    }
  }

  // Ten bytes at a time.
  NodeCache::Read lend(const std::string& content) {
    return [this, content](std::uint64_t offset) -> Piece {
      ++reads_;
      if (offset >= content.size()) return {};
      return {content.substr(offset, 10), content.size()};
    };
  }
  // Five files at a time.
  std::vector<Blob> lend_many(std::span<const std::string> wanted) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(wanted.size());
    std::vector<Blob> blobs;
    for (const std::string& hash : wanted.first(std::min<std::size_t>(5, wanted.size()))) {
      const auto place = std::find(hashes_.begin(), hashes_.end(), hash) - hashes_.begin();
      blobs.push_back({hash, texts_[static_cast<std::size_t>(place)]});
    }
    came_ += static_cast<int>(blobs.size());
    return blobs;
  }
  void fetch_many(NodeCache& cache, const NodeCache::Run& run) {
    cache.fetch_many(
        run, hashes_, [this](std::span<const std::string> wanted) { return lend_many(wanted); },
        [](std::size_t) {});
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
  std::vector<std::string> texts_, hashes_;  // of twenty files
  std::mutex mutex_;
  std::vector<std::size_t> asked_;  // files, with each request
  int came_ = 0;
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

TEST_F(NodeCacheTest, FetchesManyWithOneRequestAndOnlyWhatIsMissing) {
  const auto run = cache_.open_run("run");
  cache_.fetch(hashes_[3], lend(texts_[3]));
  fetch_many(cache_, run);
  EXPECT_THAT(asked_, ElementsAre(19, 14, 9, 4)) << "five come with an answer";
  for (std::size_t i = 0; i < hashes_.size(); ++i)
    EXPECT_EQ(read_file(cache_.fetch(hashes_[i], lend("?"))), texts_[i]);
  asked_.clear();
  NodeCache of_another_process(folder_.path());
  fetch_many(of_another_process, of_another_process.open_run("other run"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(NodeCacheTest, FetchesManyOnceForAllThatWorkForARun) {
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i)
    workers.emplace_back([&] {
      NodeCache own(folder_.path());
      fetch_many(own, own.open_run("run"));
    });
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(came_, 20);
}

TEST_F(NodeCacheTest, KeepsWhatCameBeforeAConnectionWasTorn) {
  const auto run = cache_.open_run("run");
  const auto torn = [&](std::span<const std::string> wanted) {
    if (asked_.size() == 2) throw SystemError("torn");
    return lend_many(wanted);
  };
  EXPECT_THROW(cache_.fetch_many(run, hashes_, torn, [](std::size_t) {}), SystemError);
  asked_.clear();
  NodeCache of_another_process(folder_.path());
  fetch_many(of_another_process, run);
  EXPECT_THAT(asked_, ElementsAre(10, 5));
}

TEST_F(NodeCacheTest, LeavesWhatIsWrongOfManyToBeFetchedAlone) {
  const auto run = cache_.open_run("run");
  texts_[2] = "what somebody made of it";
  fs::create_directories(part_of(hashes_[1]).parent_path());
  write_file(part_of(hashes_[1]), text('x', 100));  // left by a kill
  fetch_many(cache_, run);
  EXPECT_EQ(read_file(cache_.fetch(hashes_[1], lend("?"))), texts_[1]);
  EXPECT_THAT([&] { cache_.fetch(hashes_[2], lend(texts_[2])); },
              ThrowsMessage<SystemError>(HasSubstr("changed since its run began")));
  EXPECT_EQ(read_file(cache_.fetch(hashes_[2], lend("photograph 2"))), "photograph 2");
  EXPECT_EQ(read_file(cache_.fetch(hashes_[9], lend(texts_[9]))), texts_[9]);
}

TEST_F(NodeCacheTest, AsksForNothingTwiceThatIsNotLentWithOthers) {
  const auto run = cache_.open_run("run");
  std::size_t last = 0;
  cache_.fetch_many(
      run, hashes_,
      [&](std::span<const std::string> wanted) {
        asked_.push_back(wanted.size());
        return std::vector<Blob>();
      },
      [&](std::size_t seen) { last = seen; });
  EXPECT_THAT(asked_, ElementsAre(20));
  EXPECT_EQ(last, 20u);
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
