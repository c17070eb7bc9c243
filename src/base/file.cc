#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace frugal {
namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, unsigned mode = 0644)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) throw SystemError(fmt::format("cannot open {}", path.string()), errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }

  int get() const { return fd_; }

  void write_all(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(fd_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw SystemError(fmt::format("cannot write {}", path_.string()), errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() {
    if (::fsync(fd_) != 0) throw SystemError(fmt::format("cannot write {}", path_.string()), errno);
  }

 private:
  std::filesystem::path path_;
  int fd_;
};

void sync_folder(const std::filesystem::path& path) {
  Descriptor folder(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  folder.sync();
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw SystemError(fmt::format("cannot read {}", path.string()), errno);
  if (S_ISDIR(status.st_mode))
    throw SystemError(fmt::format("cannot read {}", path.string()), EISDIR);
  std::string content;
  content.reserve(static_cast<std::size_t>(status.st_size));
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError(fmt::format("cannot read {}", path.string()), errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

namespace {

// A device, a pipe, or a link such as /dev/stdout.
bool is_special(const std::filesystem::path& path) {
  std::error_code ignored;  // what cannot be looked at is written, and says why not
  const auto status = std::filesystem::symlink_status(path, ignored);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  if (is_special(path)) {
    Descriptor(path, O_WRONLY | O_TRUNC).write_all(content);
    return;
  }
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path temporary =
      path.string() + fmt::format(".{}.{}.tmp", ::getpid(), counter++);
  try {
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
    file.write_all(content);
    file.sync();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw SystemError(fmt::format("cannot write {}", path.string()), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(path.parent_path());
}

std::string sha256(std::string_view content) {
  std::array<unsigned char, 32> digest;
  unsigned length = 0;
  FRUGAL_CHECK(EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(),
                          nullptr) == 1);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

MappedFile MappedFile::open_read_only(const std::filesystem::path& path) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw SystemError(fmt::format("cannot read {}", path.string()), errno);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return {nullptr, 0};
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) throw SystemError(fmt::format("cannot map {}", path.string()), errno);
  return {static_cast<std::byte*>(data), size};
}

MappedFile MappedFile::create(const std::filesystem::path& path, std::size_t bytes) {
  Descriptor file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    ::unlink(path.c_str());
    throw SystemError(fmt::format("cannot reserve {} MB for {}", bytes >> 20, path.string()),
                      error);
  }
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) throw SystemError(fmt::format("cannot map {}", path.string()), errno);
  return {static_cast<std::byte*>(data), bytes};
}

MappedFile MappedFile::in_memory(std::size_t bytes) {
  void* data =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, /*fd=*/-1, 0);
  if (data == MAP_FAILED)
    throw SystemError(fmt::format("cannot have {} MB of memory", bytes >> 20), errno);
  return {static_cast<std::byte*>(data), bytes};
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

void MappedFile::sync() {
  if (data_ != nullptr && ::msync(data_, size_, MS_SYNC) != 0)
    throw SystemError("cannot write a mapped file", errno);
}

}  // namespace frugal
