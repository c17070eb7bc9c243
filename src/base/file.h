// Files, so that a kill or a full disk never leaves half of one behind.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace frugal {

// The whole file. Throws SystemError that names it.
std::string read_file(const std::filesystem::path& path);

// Writes to a temporary beside path, syncs, renames: readers see the old file or the new one.
// Throws SystemError (a full disk, no permission); the old file is then untouched.
// mode: permission bits of the new file. A device, a pipe or a link is written where it stands.
void write_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

// SHA-256 as 64 hexadecimal digits.
std::string sha256(std::string_view content);

// A file mapped into memory. Throws SystemError.
class MappedFile {
 public:
  static MappedFile open_read_only(const std::filesystem::path& path);
  // A new file of size zero bytes, mapped for writing, its blocks allocated first so that a
  // full disk is an error here and never a signal later.
  static MappedFile create(const std::filesystem::path& path, std::size_t bytes);
  // No file at all: zero bytes, for this process alone.
  static MappedFile in_memory(std::size_t bytes);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::span<std::byte> writable_bytes() { return {data_, size_}; }
  void sync();  // to disk

 private:
  MappedFile(std::byte* data, std::size_t size) : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace frugal
