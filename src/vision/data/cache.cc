#include "vision/data/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.h"
#include "vision/data/parallel.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "frugal photographs 1\n";
constexpr std::size_t kHeaderBytes = 4096;

struct Layout {
  Size canvas;
  std::size_t count = 0;
  std::string key;

  std::size_t photograph_bytes() const { return canvas.height * canvas.width * 3; }
  std::size_t file_bytes() const { return kHeaderBytes + count * photograph_bytes(); }
};

Layout layout_of(const Dataset& dataset, Size canvas) {
  std::string identity = fmt::format("{}{} x {}\n", kMagic, canvas.height, canvas.width);
  for (const auto& photograph : dataset.photographs) {
    FRUGAL_CHECK(!photograph.content_hash.empty(), "the cache needs checked photographs");
    identity += photograph.content_hash;
  }
  return {canvas, dataset.photographs.size(), sha256(identity)};
}

std::string header(const Layout& layout) {
  std::string text(kMagic);
  for (std::uint64_t number : {layout.canvas.height, layout.canvas.width, layout.count})
    for (int byte = 0; byte < 8; ++byte) text += static_cast<char>(number >> (8 * byte) & 0xff);
  return text + layout.key;
}

// Empty when there is no such file, or one that is torn or of another format.
std::optional<MappedFile> open_whole(const fs::path& path, const Layout& layout) {
  std::error_code error;
  if (fs::file_size(path, error) != layout.file_bytes() || error) return std::nullopt;
  MappedFile file = MappedFile::open_read_only(path);
  const std::string expected = header(layout);
  if (file.bytes().size() != layout.file_bytes() ||
      std::memcmp(file.bytes().data(), expected.data(), expected.size()) != 0)
    return std::nullopt;
  return file;
}

SystemError no_room(const fs::path& folder, const Layout& layout, int errno_value) {
  return SystemError(fmt::format("cannot keep {} MB of decoded photographs in {}; make room there, "
                                 "or choose another folder",
                                 layout.file_bytes() / 1'000'000 + 1, folder.string()),
                     errno_value);
}

void make_folder(const fs::path& folder, const Layout& layout) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw no_room(folder, layout, error.value());
}

// Held by the process that builds; the system releases it when the process dies.
class Lock {
 public:
  Lock(const fs::path& path, const Layout& layout)
      : fd_(::open((path.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw no_room(path.parent_path(), layout, errno);
    int status = ::flock(fd_, LOCK_EX);
    while (status != 0 && errno == EINTR) status = ::flock(fd_, LOCK_EX);
    if (status != 0) {
      const int error = errno;
      ::close(fd_);
      throw SystemError(fmt::format("cannot lock {}.lock", path.string()), error);
    }
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { ::close(fd_); }

 private:
  int fd_;
};

void decode_into(std::span<std::byte> out, const Photograph& photograph, Size canvas) {
  const std::string bytes = read_photograph(photograph.path);
  if (sha256(bytes) != photograph.content_hash)
    throw InputError(fmt::format(
        "{} changed since the data was checked; put the old file back, or start a new run",
        photograph.path));
  // The long side of the canvas is enough for both sides.
  const std::size_t enough = std::max(canvas.height, canvas.width);
  const Image image = decode_image(bytes, {.at_least_short_side = enough}, photograph.path);
  const Image view = resize_and_center_crop(image, canvas);
  std::memcpy(out.data(), view.pixels.data(), out.size());
}

MappedFile reserve(const fs::path& path, const Layout& layout) {
  try {
    return MappedFile::create(path, layout.file_bytes());
  } catch (const SystemError& error) {
    throw no_room(path.parent_path(), layout, error.errno_value());
  }
}

// The header is written last: without it the file is not one of ours.
void build(const fs::path& path, const Layout& layout, const Dataset& dataset, unsigned threads,
           ProgressSink& progress) {
  const fs::path temporary = path.string() + ".tmp";
  try {
    MappedFile file = reserve(temporary, layout);
    const std::size_t each = layout.photograph_bytes();
    for_each_index(layout.count, threads, "decoding photographs", progress, [&](std::size_t i) {
      decode_into(file.writable_bytes().subspan(kHeaderBytes + i * each, each),
                  dataset.photographs[i], layout.canvas);
    });
    file.sync();
    const std::string text = header(layout);
    std::memcpy(file.writable_bytes().data(), text.data(), text.size());
    file.sync();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw SystemError(fmt::format("cannot write {}", path.string()), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace

PhotographCache PhotographCache::open_or_build(const Dataset& dataset, Size canvas,
                                               const std::string& folder, unsigned threads,
                                               ProgressSink& progress) {
  FRUGAL_CHECK(canvas.height > 0 && canvas.width > 0);
  const Layout layout = layout_of(dataset, canvas);
  const fs::path path = fs::path(folder) / fmt::format("{}.photographs", layout.key.substr(0, 32));
  std::optional<MappedFile> file = open_whole(path, layout);
  if (!file) {
    make_folder(folder, layout);
    const Lock lock(path, layout);
    file = open_whole(path, layout);  // another process may have built it while this one waited
    if (!file) build(path, layout, dataset, threads, progress);
  }
  if (!file) file = open_whole(path, layout);
  if (!file)
    throw SystemError(
        fmt::format("{} was removed or changed as soon as it was written; is "
                    "another program cleaning its folder?",
                    path.string()));
  return {std::move(*file), canvas, layout.count};
}

PhotographCache::PhotographCache(MappedFile file, Size canvas, std::size_t count)
    : file_(std::move(file)), canvas_(canvas), count_(count) {}

std::span<const std::uint8_t> PhotographCache::pixels(std::size_t i) const {
  FRUGAL_CHECK(i < count_);
  const std::size_t each = canvas_.height * canvas_.width * 3;
  const std::span<const std::byte> bytes = file_.bytes().subspan(kHeaderBytes + i * each, each);
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace frugal::data
