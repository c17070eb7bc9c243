#include "serve/depot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "experiment/scheduler.h"

namespace frugal::serve {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kReserveBytes = 64 << 20;  // of the disk, for the store
constexpr std::chrono::hours kForgottenAfter{1};
constexpr std::size_t kCheckpointKey = 16;

bool is_hexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_checkpoint(std::string_view name) {
  const auto rest = name.substr(std::min(kCheckpointKey, name.size()));
  return is_hexadecimal(name.substr(0, kCheckpointKey)) && (rest == ".pt" || rest == ".pt.trunk");
}

class OpenFile {
 public:
  OpenFile(const fs::path& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0644)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }
  [[noreturn]] void fail(const char* what) const {
    throw SystemError(fmt::format("cannot {} {}", what, path_.string()), errno);
  }

 private:
  fs::path path_;
  int fd_;
};

// Changes whenever the file is written or replaced.
std::uint64_t version_of(const struct stat& status) {
  std::uint64_t version = status.st_ino;
  for (const auto part : {static_cast<std::uint64_t>(status.st_size),
                          static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                          static_cast<std::uint64_t>(status.st_mtim.tv_nsec)})
    version = (version ^ part) * 0x9E3779B97F4A7C15ULL + (version >> 29);
  return version;
}

std::string_view view_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

void write_at(const OpenFile& file, std::uint64_t offset, std::string_view piece) {
  while (!piece.empty()) {
    const ssize_t written =
        ::pwrite(file.get(), piece.data(), piece.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
      throw NoRoom(
          "the coordinator's disk is full: nothing was changed, and the file goes on from "
          "where it was when there is room");
    if (written < 0) file.fail("write");
    offset += static_cast<std::uint64_t>(written);
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 && is_hexadecimal(text);
}

struct Depot::Upload {
  Upload(fs::path the_part, fs::path the_place, Content the_content)
      : part(std::move(the_part)), place(std::move(the_place)), content(std::move(the_content)) {}
  ~Upload() { ::unlink(part.c_str()); }  // it has been renamed, or nobody goes on with it
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  const fs::path part, place;
  const Content content;
  std::mutex mutex;
  std::uint64_t received = 0;
  bool is_placed = false;  // the same request may come twice
  SteadyClock::time_point heard = SteadyClock::now();

  void add(std::uint64_t offset, std::string_view piece);
  void place_whole();
};

void Depot::Upload::add(std::uint64_t offset, std::string_view piece) {
  if (offset + piece.size() <= received) return;  // the answer was lost
  if (offset != received)
    throw OutOfPlace(fmt::format("query: offset: {} bytes have come, go on from there", received));
  if (piece.size() > content.bytes - received)
    throw InputError(
        fmt::format("body: more than the {} bytes that the file was to have", content.bytes));
  const OpenFile file(part, O_WRONLY | O_CREAT);
  if (!file.is_open()) file.fail("write");
  write_at(file, offset, piece);
  received += piece.size();
  heard = SteadyClock::now();
}

// Synced before it is renamed, so that under its name there is never half a file.
void Depot::Upload::place_whole() {
  {
    const OpenFile file(part, O_RDWR);
    if (!file.is_open() || ::fsync(file.get()) != 0) file.fail("write");
  }
  if (sha256(view_of(MappedFile::open_read_only(part))) != content.sha256) {
    received = 0;
    throw OutOfPlace("body: the file has another SHA-256 than was said; send it again");
  }
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (!error) fs::rename(part, place, error);
  if (error) throw SystemError(fmt::format("cannot write {}", place.string()), error.value());
  is_placed = true;
}

Depot::Depot(fs::path run_folder, std::uint64_t most_bytes)
    : folder_(std::move(run_folder)), most_bytes_(most_bytes) {
  std::error_code ignored;  // there are none, or they stay in nobody's way
  fs::remove_all(folder_ / "uploads", ignored);
}

void Depot::offer(const std::string& name, const fs::path& path) {
  std::error_code error;  // a link to weights is theirs
  const auto content = content_at(fs::canonical(path, error));
  if (!content) throw SystemError(fmt::format("cannot open {}", path.string()), ENOENT);
  const std::lock_guard lock(mutex_);
  inputs_[name] = *content;
}

void Depot::offer_content(const std::string& sha256, const fs::path& path) {
  if (!is_sha256(sha256))
    throw InputError(fmt::format("{}: {} is no SHA-256", path.string(), sha256));
  const std::lock_guard lock(mutex_);
  lent_.insert_or_assign(sha256, Known{path, {}});
}

std::map<std::string, Content> Depot::inputs() const {
  const std::lock_guard lock(mutex_);
  return inputs_;
}

// What lies there, which is lent from now on; nullopt: nothing.
std::optional<Content> Depot::content_at(const fs::path& path) {
  const OpenFile file(path, O_RDONLY);
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return std::nullopt;
  const std::uint64_t version = version_of(status);
  {
    const std::lock_guard lock(mutex_);
    const auto seen = seen_.find(path);
    if (seen != seen_.end() && seen->second.version == version) return seen->second.content;
  }
  // The file may be replaced while it is read: it would have another version then.
  const MappedFile mapped = MappedFile::open_read_only(path);
  const Content content{sha256(view_of(mapped)), view_of(mapped).size()};
  const std::lock_guard lock(mutex_);
  if (const auto seen = seen_.find(path); seen != seen_.end())
    if (const auto lent = lent_.find(seen->second.content.sha256);
        lent != lent_.end() && lent->second.path == path)
      lent_.erase(lent);
  seen_[path] = {version, content};
  lent_.insert_or_assign(content.sha256, Known{path, version});
  return content;
}

Depot::Piece Depot::read(const std::string& sha256, std::uint64_t offset, std::size_t most) const {
  Known known;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lent_.find(sha256);
    if (found == lent_.end())
      throw experiment::NotFound(fmt::format("nothing with the SHA-256 {} is lent here", sha256));
    known = found->second;
  }
  const int follow = known.version ? O_NOFOLLOW : 0;  // a data set may be full of links
  const int fd = ::open(known.path.c_str(), O_RDONLY | O_CLOEXEC | follow);
  struct stat status {};
  const bool is_there = fd >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                        (!known.version || *known.version == version_of(status));
  if (!is_there) {
    if (fd >= 0) ::close(fd);
    throw experiment::NotFound(
        fmt::format("the file with the SHA-256 {} is gone, or was replaced by another", sha256));
  }
  Piece piece;
  piece.of = static_cast<std::uint64_t>(status.st_size);
  piece.bytes.resize(std::min<std::uint64_t>(most, piece.of - std::min(offset, piece.of)));
  const ssize_t got =
      ::pread(fd, piece.bytes.data(), piece.bytes.size(), static_cast<off_t>(offset));
  ::close(fd);
  if (got != static_cast<ssize_t>(piece.bytes.size()))
    throw SystemError(fmt::format("cannot read {}", known.path.string()), got < 0 ? errno : EIO);
  return piece;
}

fs::path Depot::place_of(experiment::Id trial, const std::string& name) const {
  if (is_checkpoint(name)) return folder_ / "checkpoints" / name;
  const fs::path own = folder_ / "trials" / std::to_string(trial);
  if (name == "trial.json") return own / name;
  if (name == "model.pth" || name == "model.json") return own / "model" / name;
  throw InputError(
      fmt::format("{} is no name of a file that a trial keeps: 16 hexadecimal digits and .pt or "
                  ".pt.trunk, trial.json, model.pth or model.json",
                  name));
}

Depot::State Depot::state(experiment::Id trial, const std::string& name) {
  const fs::path place = place_of(trial, name);
  State state{.kept = content_at(place)};
  std::shared_ptr<Upload> upload;
  {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(trial);
    if (found == uploads_.end() || found->second->place != place) return state;
    upload = found->second;
  }
  const std::lock_guard lock(upload->mutex);
  state.coming = upload->content;
  state.received = upload->received;
  return state;
}

// Before anything is written, so that a full disk is told at once.
void Depot::require_room(std::uint64_t bytes) const {
  struct statvfs disk {};
  if (::statvfs(folder_.c_str(), &disk) != 0) return;  // the write will say it
  const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free < kReserveBytes || free - kReserveBytes < bytes)
    throw NoRoom(fmt::format(
        "the coordinator's disk has {} MB, and the file {}: make room at {}, it is asked for again",
        free >> 20, bytes >> 20, folder_.string()));
}

std::shared_ptr<Depot::Upload> Depot::upload_of(experiment::Id trial, const fs::path& place,
                                                const Content& content) {
  const std::lock_guard lock(mutex_);
  const auto known = uploads_.find(trial);
  if (known != uploads_.end() && known->second->place == place && known->second->content == content)
    return known->second;
  require_room(content.bytes);
  std::error_code error;
  fs::create_directories(folder_ / "uploads", error);
  if (error)
    throw SystemError(fmt::format("cannot make {}", (folder_ / "uploads").string()), error.value());
  const auto now = SteadyClock::now();
  std::erase_if(uploads_, [&](const auto& item) {
    return item.first == trial || now - item.second->heard > kForgottenAfter;
  });
  const fs::path part = folder_ / "uploads" / fmt::format("{}-{}", trial, ++upload_count_);
  return uploads_[trial] = std::make_shared<Upload>(part, place, content);
}

void Depot::forget(experiment::Id trial, const std::shared_ptr<Upload>& upload) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(trial);
  if (found != uploads_.end() && found->second == upload) uploads_.erase(found);
}

Depot::State Depot::receive(experiment::Id trial, const std::string& name, const Content& content,
                            std::uint64_t offset, std::string_view piece) {
  const fs::path place = place_of(trial, name);
  if (!is_sha256(content.sha256))
    throw InputError("query: sha256 must be 64 hexadecimal digits in lower case");
  if (content.bytes == 0 || content.bytes > most_bytes_)
    throw InputError(fmt::format("query: bytes: a file can have 1 to {} bytes, not {}", most_bytes_,
                                 content.bytes));
  // Its last piece may have come, and the answer been lost.
  const auto kept = content_at(place);
  if (kept == content) return {.kept = kept};
  const auto upload = upload_of(trial, place, content);
  {
    const std::lock_guard lock(upload->mutex);
    upload->add(offset, piece);
    if (upload->received < content.bytes)
      return {.kept = kept, .coming = content, .received = upload->received};
    if (!upload->is_placed) upload->place_whole();
  }
  forget(trial, upload);
  return {.kept = content_at(place)};
}

}  // namespace frugal::serve
