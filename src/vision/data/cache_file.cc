#include "vision/data/cache_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 4096;
// Of the memory that is free: what values without a place on disk may take.
constexpr double kMemoryShare = 0.7;

std::string magic(const CacheContent& content) {
  return fmt::format("frugal {} {}\n", content.kind, content.version);
}

std::string little_endian(std::uint64_t number) {
  std::string text;
  for (int byte = 0; byte < 8; ++byte) text += static_cast<char>(number >> (8 * byte) & 0xff);
  return text;
}

// Where things are, and what a whole file begins with.
struct Place {
  fs::path path;
  std::size_t file_bytes = 0;
  std::string before, after;  // of the header, around the time

  Place(const CacheFolder& folder, const CacheContent& content)
      : file_bytes(kHeaderBytes + content.bytes),
        before(magic(content) + little_endian(content.bytes)),
        after(sha256(magic(content) + content.identity)) {
    path = fs::path(folder.path) / fmt::format("{}.{}", after.substr(0, 32), content.kind);
  }
  fs::path temporary() const { return path.string() + ".tmp"; }
  fs::path lock() const { return path.string() + ".lock"; }
  std::string header(std::int64_t time) const {
    return before + little_endian(static_cast<std::uint64_t>(time)) + after;
  }
};

std::int64_t time_in(std::span<const std::byte> header) {
  const auto* begin = reinterpret_cast<const char*>(header.data());
  const auto* line_end = std::find(begin, begin + kHeaderBytes, '\n');
  std::uint64_t number = 0;
  for (int byte = 7; byte >= 0; --byte)
    number = number << 8 | static_cast<unsigned char>(line_end[1 + 8 + byte]);
  return static_cast<std::int64_t>(number);
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Empty when there is no such file, or one that is torn or of another format.
std::optional<MappedFile> open_whole(const Place& place) try {
  std::error_code error;
  if (fs::file_size(place.path, error) != place.file_bytes || error) return std::nullopt;
  MappedFile file = MappedFile::open_read_only(place.path);
  if (file.bytes().size() != place.file_bytes) return std::nullopt;
  const std::string_view begin(reinterpret_cast<const char*>(file.bytes().data()), kHeaderBytes);
  if (!begin.starts_with(place.before) ||
      !begin.substr(place.before.size() + 8).starts_with(place.after))
    return std::nullopt;
  ::utimensat(AT_FDCWD, place.path.c_str(), nullptr, 0);  // opened now; a read-only disk forgets it
  return file;
} catch (const SystemError&) {  // removed, or forbidden: it is built anew
  return std::nullopt;
}

// Held by the process that builds; the system releases it when the process dies.
class Lock {
 public:
  static std::optional<Lock> try_take(const fs::path& path) {
    Lock lock(path);
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
    return lock;
  }
  static Lock take(const fs::path& path) {
    Lock lock(path);
    int status = ::flock(lock.fd_, LOCK_EX);
    while (status != 0 && errno == EINTR) status = ::flock(lock.fd_, LOCK_EX);
    if (status != 0) throw SystemError(fmt::format("cannot lock {}", path.string()), errno);
    return lock;
  }
  Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit Lock(const fs::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw SystemError(fmt::format("cannot open {}", path.string()), errno);
  }
  int fd_;
};

struct Known {
  fs::path path;
  fs::file_time_type opened;
  std::uint64_t bytes = 0;
};

// Removes what a killed build left behind, and of the others those not opened for longest, until so
// many bytes more would fit. What another process is building stays.
void make_room(const CacheFolder& folder, std::uint64_t bytes) {
  std::vector<Known> files;
  std::uint64_t total = bytes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.path, error)) {
    const fs::path extension = entry.path().extension();
    if (extension == ".lock" || !entry.is_regular_file(error)) continue;
    const Known known{entry.path(), entry.last_write_time(error), entry.file_size(error)};
    if (error) continue;  // removed meanwhile
    if (extension == ".tmp") {
      const auto lock = Lock::try_take(fs::path(entry.path()).replace_extension(".lock"));
      if (lock && fs::remove(entry.path(), error)) continue;
    } else {
      files.push_back(known);
    }
    total += known.bytes;
  }
  std::sort(files.begin(), files.end(),
            [](const Known& a, const Known& b) { return a.opened < b.opened; });
  for (const Known& file : files) {
    if (total <= folder.limit_bytes) return;
    if (fs::remove(file.path, error)) total -= file.bytes;
  }
}

// What is to be built, still at its temporary place, and the lock on it.
struct Site {
  Lock lock;
  std::optional<MappedFile> whole;  // another process built it while this one waited
  std::optional<MappedFile> empty;
};

Site open_site(const CacheFolder& folder, const Place& place) {
  std::error_code error;
  fs::create_directories(folder.path, error);
  if (error) throw SystemError(fmt::format("cannot make {}", folder.path), error.value());
  Site site{Lock::take(place.lock()), {}, {}};
  site.whole = open_whole(place);
  if (site.whole) return site;
  fs::remove(place.temporary(), error);  // what a killed build left
  make_room(folder, place.file_bytes);
  site.empty = MappedFile::create(place.temporary(), place.file_bytes);
  return site;
}

std::uint64_t free_memory_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  for (std::string line; std::getline(meminfo, line);)
    if (line.starts_with("MemAvailable:")) return std::stoull(line.substr(13)) << 10;
  return static_cast<std::uint64_t>(::sysconf(_SC_AVPHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MappedFile in_memory(const CacheContent& content, const Place& place, const SystemError& obstacle,
                     ProgressSink& progress) {
  const double megabytes = static_cast<double>(place.file_bytes) / 1e6;
  if (static_cast<double>(place.file_bytes) >
      kMemoryShare * static_cast<double>(free_memory_bytes()))
    throw SystemError(fmt::format("cannot keep {:.0f} MB of {} in {}, nor in memory; make room "
                                  "there, or choose another folder",
                                  megabytes, content.kind, place.path.parent_path().string()),
                      obstacle.errno_value());
  progress.message(
      fmt::format("{}: {:.0f} MB of {} are kept in memory, for this process alone, and computed "
                  "again next time",
                  obstacle.what(), megabytes, content.kind));
  return MappedFile::in_memory(place.file_bytes);
}

void write_header(MappedFile& file, const Place& place, std::int64_t time) {
  const std::string header = place.header(time);
  std::memcpy(file.writable_bytes().data(), header.data(), header.size());
}

// The header is written last: without it the file is not one of ours.
void put_in_place(MappedFile& file, const Place& place, std::int64_t time,
                  ProgressSink& progress) try {
  file.sync();
  write_header(file, place, time);
  file.sync();
  if (::rename(place.temporary().c_str(), place.path.c_str()) != 0)
    throw SystemError(fmt::format("cannot write {}", place.path.string()), errno);
} catch (const SystemError& error) {  // the values are there all the same
  ::unlink(place.temporary().c_str());
  progress.message(fmt::format("{}: it is computed again next time", error.what()));
}

}  // namespace

CacheFile CacheFile::open_or_build(const CacheFolder& folder, const CacheContent& content,
                                   const std::function<void(std::span<std::byte>)>& fill,
                                   ProgressSink& progress) {
  FRUGAL_CHECK(content.bytes > 0);
  const Place place(folder, content);
  if (auto file = open_whole(place)) return CacheFile(std::move(*file));
  const std::int64_t began = now();
  std::optional<Site> site;
  std::optional<MappedFile> file;
  try {
    site.emplace(open_site(folder, place));
    if (site->whole) return CacheFile(std::move(*site->whole));
    file = std::move(site->empty);
  } catch (const SystemError& obstacle) {
    site.reset();
    file = in_memory(content, place, obstacle, progress);
  }
  try {
    fill(file->writable_bytes().subspan(kHeaderBytes));
    if (!site) write_header(*file, place, began);
  } catch (...) {
    if (site) ::unlink(place.temporary().c_str());
    throw;
  }
  if (site) put_in_place(*file, place, began, progress);
  return CacheFile(std::move(*file));
}

std::span<const std::byte> CacheFile::payload() const {
  return file_.bytes().subspan(kHeaderBytes);
}

std::int64_t CacheFile::built_at() const {
  return time_in(file_.bytes());
}

}  // namespace frugal::data
