// The disk that a folder lies on.
#pragma once

#include <filesystem>
#include <string>

namespace frugal {

// When the disk that holds the folder is full: which one it is, and how to go on; else "".
std::string words_of_full_disk(const std::filesystem::path& folder);

}  // namespace frugal
