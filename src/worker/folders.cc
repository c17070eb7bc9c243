#include "worker/folders.h"

#include <fmt/format.h>

#include "base/error.h"

namespace frugal::worker {

std::string trial_folder(const std::string& run_folder, experiment::Id trial) {
  return std::filesystem::path(run_folder) / "trials" / std::to_string(trial);
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    throw SystemError(fmt::format("cannot make the folder {}", path.string()), error.value());
}

}  // namespace frugal::worker
