// Files that coordinators lent, kept on this machine by their SHA-256 for every worker and run, and
// a folder for each run. A file comes once, however many workers want it: one fetches, the others
// wait. It counts only when its SHA-256 is right, and is looked at again by every process that uses
// it; what a kill or a torn connection left of it is gone on with.
//
//   FOLDER/blobs/ab/abcdef...        whole, and .part: on its way, locked by whoever fetches
//   FOLDER/runs/KEY/                 what a run's workers make here; lock is held while one lives,
//                                    fetching by whoever brings many files
//
// Bounded: when a run begins here, what was not used for longest is removed until the rest fits.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "worker/client.h"

namespace frugal::worker {

inline constexpr std::uint64_t kNodeCacheBytes = 50'000'000'000;

// Held until it goes.
class FileLock {
 public:
  // Waits for it. exclusive: for us alone. The file is made when it is not there.
  static FileLock wait(const std::filesystem::path& path, bool exclusive);
  // False at once when somebody else holds it.
  static bool is_free(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock();
  int descriptor() const { return fd_; }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

class NodeCache {
 public:
  explicit NodeCache(std::filesystem::path folder, std::uint64_t limit_bytes = kNodeCacheBytes);

  // A piece of the file from that offset on.
  using Read = std::function<Piece(std::uint64_t offset)>;
  // Where the file lies, from now on. Throws SystemError: no room, or what is lent has another
  // SHA-256, twice.
  std::filesystem::path fetch(const std::string& sha256, const Read& read);
  // The same, at a place of the caller's, and not kept here.
  void fetch_to(const std::filesystem::path& place, const std::string& sha256, const Read& read);

  // The folder of a run, and the lock that says that it is used. Removes what there is no room for.
  struct Run {
    std::filesystem::path folder;
    FileLock lock;
  };
  Run open_run(const std::string& key);

  // The first of these files that are lent and small, and more of them.
  using ReadMany = std::function<std::vector<Blob>(std::span<const std::string> sha256s)>;
  // Brings what is not here of a run's files, many with one request, as far as they come whole and
  // right: fetch() brings the others. The run's workers on this machine take turns. on_progress:
  // how many have been looked at.
  void fetch_many(const Run& run, const std::vector<std::string>& sha256s, const ReadMany& read,
                  const std::function<void(std::size_t)>& on_progress);

 private:
  std::filesystem::path place_of(const std::string& sha256) const;
  void keep(const Blob& blob);
  void make_room() const;

  std::filesystem::path folder_;
  std::uint64_t limit_bytes_;
  std::set<std::string> verified_;  // by this process
};

// $XDG_CACHE_HOME/frugal, or .cache/frugal in the home folder.
std::filesystem::path default_cache_folder();

}  // namespace frugal::worker
