// Computed values in a memory-mapped file that all processes share: computed once, and found again
// by what decides their content.
//
// The file's name is the hash of its identity and of the format's version. It is built beside its
// place and renamed, so that a kill in the middle leaves nothing half-made. A lock makes several
// processes build it once; the others wait. A file that is torn, or of another version, is built
// anew.
// The folder is bounded: before a file is made there, those that nobody opened for longest are
// removed until all of them fit. Who has one mapped keeps it. A file that is larger than the bound
// stays alone.
// Where the folder cannot take the file (a full or read-only disk) the values are computed into the
// memory of this process, and progress is told so.
//
// Format: 4096 bytes of header ("frugal KIND VERSION\n"; the payload's bytes and the nanoseconds
// since 1970 at which the build began, little-endian u64; the 64 hexadecimal digits of the key),
// then the payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/file.h"
#include "base/progress.h"

namespace frugal::data {

inline constexpr std::uint64_t kCacheBytes = 20'000'000'000;

struct CacheFolder {
  std::string path;                         // made when missing
  std::uint64_t limit_bytes = kCacheBytes;  // of all files in it
};

struct CacheContent {
  std::string kind;  // "photographs": in the header, and the file's extension
  int version = 1;
  std::string identity;   // everything that the payload depends on
  std::size_t bytes = 0;  // of the payload, above 0
};

// Thread-safe once opened. Moving it does not move the payload.
class CacheFile {
 public:
  // fill: writes the payload; called at most once, and what it throws is passed on. Throws
  // SystemError when neither the folder nor the memory has room.
  static CacheFile open_or_build(const CacheFolder& folder, const CacheContent& content,
                                 const std::function<void(std::span<std::byte> payload)>& fill,
                                 ProgressSink& progress);

  std::span<const std::byte> payload() const;
  // When the inputs were read, or later ones: nanoseconds since 1970.
  std::int64_t built_at() const;

 private:
  explicit CacheFile(MappedFile file) : file_(std::move(file)) {}
  MappedFile file_;
};

}  // namespace frugal::data
