#include "base/disk.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace frugal {
namespace {

// Where the disk of the folder is mounted: the last one upwards that lies on it.
std::filesystem::path mount_of(const std::filesystem::path& folder) {
  std::error_code ignored;  // then it is called as it was
  std::filesystem::path path = std::filesystem::canonical(folder, ignored);
  struct stat here {
  }, above{};
  if (::stat(path.c_str(), &here) != 0) return folder;
  while (path.has_relative_path() && ::stat(path.parent_path().c_str(), &above) == 0 &&
         above.st_dev == here.st_dev)
    path = path.parent_path();
  return path;
}

}  // namespace

std::string words_of_full_disk(const std::filesystem::path& folder) {
  constexpr std::uint64_t kNothing = 256 << 10;  // what a store and its log take at least
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0 ||
      static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize >= kNothing)
    return "";
  return fmt::format(
      "the disk at {}, which holds {}, is full: make room there and say the same command again, "
      "which goes on with all that was told",
      mount_of(folder).string(), folder.string());
}

}  // namespace frugal
