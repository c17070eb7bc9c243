#include "worker/node_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "worker/folders.h"

namespace frugal::worker {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPart = ".part";
constexpr const char* kLock = "lock";  // in a run's folder
constexpr const char* kFetching = "fetching";
constexpr std::size_t kMostAtOnce = 512;  // files asked for with one request

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw SystemError(fmt::format("cannot {} {}", what, path.string()), errno);
}

std::uint64_t size_of(int fd, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("read", path);
  return static_cast<std::uint64_t>(status.st_size);
}

bool is_at(int fd, const fs::path& path) {
  struct stat ours {
  }, there{};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

std::string sha256_of(const fs::path& path) {
  const MappedFile file = MappedFile::open_read_only(path);
  return sha256({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

void append(int fd, const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path);
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// From where it stands to its end.
void go_on(int fd, const fs::path& part, const NodeCache::Read& read) {
  for (std::uint64_t offset = size_of(fd, part);;) {
    const Piece piece = read(offset);
    append(fd, part, offset, piece.bytes);
    offset += piece.bytes.size();
    if (piece.bytes.empty() || offset >= piece.of) return;
  }
}

struct Used {
  fs::path path;
  std::uint64_t bytes = 0;
  fs::file_time_type at;
  bool is_run = false;
};

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;  // somebody else may remove what we look at
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error))
    if (i->is_regular_file(error)) bytes += i->file_size(error);
  return bytes;
}

std::vector<Used> everything_in(const fs::path& folder) {
  std::vector<Used> all;
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder / "blobs", error), end; !error && i != end;
       i.increment(error))
    if (i->is_regular_file(error))
      all.push_back({i->path(), i->file_size(error), i->last_write_time(error)});
  for (fs::directory_iterator i(folder / "runs", error), end; !error && i != end;
       i.increment(error))
    all.push_back(
        {i->path(), bytes_in(i->path()), fs::last_write_time(i->path() / kLock, error), true});
  return all;
}

void touch(const fs::path& path) {
  std::error_code ignored;  // it is used, whether or not that can be written down
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
}

}  // namespace

FileLock FileLock::wait(const fs::path& path, bool exclusive) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail("open", path);
  FileLock lock(fd);
  while (::flock(fd, exclusive ? LOCK_EX : LOCK_SH) != 0)
    if (errno != EINTR) fail("lock", path);
  return lock;
}

bool FileLock::is_free(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return true;
  const FileLock lock(fd);
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

NodeCache::NodeCache(fs::path folder, std::uint64_t limit_bytes)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes) {}

fs::path NodeCache::place_of(const std::string& sha256) const {
  return folder_ / "blobs" / sha256.substr(0, 2) / sha256;
}

fs::path NodeCache::fetch(const std::string& sha256, const Read& read) {
  const fs::path place = place_of(sha256);
  if (fs::exists(place)) {
    if (verified_.contains(sha256)) return place;
    if (sha256_of(place) == sha256) {
      touch(place);
      verified_.insert(sha256);
      return place;
    }
    fs::remove(place);  // a disk that forgot what it was told, say
  }
  fetch_to(place, sha256, read);
  verified_.insert(sha256);
  return place;
}

void NodeCache::fetch_to(const fs::path& place, const std::string& sha256, const Read& read) {
  const fs::path part = place_of(sha256).string() + kPart;
  make_folder(part.parent_path());
  for (int wrong = 0; wrong < 2;) {
    const FileLock lock = FileLock::wait(part, /*exclusive=*/true);
    if (fs::exists(place) && sha256_of(place) == sha256) return;  // by whom we waited for
    if (!is_at(lock.descriptor(), part)) continue;                // it was renamed meanwhile
    go_on(lock.descriptor(), part, read);
    if (sha256_of(part) == sha256) {
      if (::rename(part.c_str(), place.c_str()) != 0) fail("write", place);
      return;
    }
    if (::ftruncate(lock.descriptor(), 0) != 0) fail("write", part);
    ++wrong;
  }
  throw SystemError(
      fmt::format("what the coordinator lends for the SHA-256 {} has another: that file changed "
                  "since its run began",
                  sha256));
}

// Whose SHA-256 is right.
void NodeCache::keep(const Blob& blob) {
  const fs::path place = place_of(blob.sha256), part = place.string() + kPart;
  make_folder(part.parent_path());
  const FileLock lock = FileLock::wait(part, /*exclusive=*/true);
  if (!is_at(lock.descriptor(), part)) return;  // whom we waited for has brought it
  if (::ftruncate(lock.descriptor(), 0) != 0) fail("write", part);
  append(lock.descriptor(), part, 0, blob.bytes);
  if (::rename(part.c_str(), place.c_str()) != 0) fail("write", place);
  verified_.insert(blob.sha256);
}

void NodeCache::fetch_many(const Run& run, const std::vector<std::string>& sha256s,
                           const ReadMany& read,
                           const std::function<void(std::size_t)>& on_progress) {
  for (std::size_t next = 0; next < sha256s.size(); on_progress(next)) {
    const FileLock lock = FileLock::wait(run.folder / kFetching, /*exclusive=*/true);
    std::vector<std::size_t> places;
    std::vector<std::string> wanted;
    for (; next < sha256s.size() && wanted.size() < kMostAtOnce; ++next) {
      if (fs::exists(place_of(sha256s[next]))) continue;
      places.push_back(next);
      wanted.push_back(sha256s[next]);
    }
    if (wanted.empty()) continue;
    std::size_t seen = 0;  // of those that are wanted
    for (const Blob& blob : read(wanted)) {
      const auto found =
          std::find(wanted.begin() + static_cast<long>(seen), wanted.end(), blob.sha256);
      if (found == wanted.end() || sha256(blob.bytes) != blob.sha256) break;
      keep(blob);
      seen = static_cast<std::size_t>(found - wanted.begin()) + 1;
    }
    if (seen > 0 && seen < wanted.size()) next = places[seen];
  }
}

NodeCache::Run NodeCache::open_run(const std::string& key) {
  const fs::path folder = folder_ / "runs" / key;
  make_folder(folder);
  Run run{folder, FileLock::wait(folder / kLock, /*exclusive=*/false)};
  touch(folder / kLock);
  make_room();
  return run;
}

void NodeCache::make_room() const {
  auto all = everything_in(folder_);
  std::uint64_t bytes = 0;
  for (const Used& used : all) bytes += used.bytes;
  std::sort(all.begin(), all.end(), [](const Used& a, const Used& b) { return a.at < b.at; });
  for (const Used& used : all) {
    if (bytes <= limit_bytes_) return;
    if (used.is_run && !FileLock::is_free(used.path / kLock)) continue;
    std::error_code ignored;  // somebody else removed it
    fs::remove_all(used.path, ignored);
    bytes -= used.bytes;
  }
}

fs::path default_cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "frugal";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "frugal";
  return fs::temp_directory_path() / fmt::format("frugal-{}", ::getuid());
}

}  // namespace frugal::worker
