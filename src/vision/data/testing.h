// For tests, here and in the rooms that build on this one: a folder that goes away, and
// photographs that no one has taken.
#pragma once

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "vision/data/image.h"

namespace frugal::data::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "frugal-XXXXXX").string();
    FRUGAL_CHECK(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;  // a destructor cannot complain
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Soft waves of colour, different for every seed: no two look alike.
inline Image make_photograph(std::uint64_t seed, Size size = {48, 64}) {
  RandomStream random(seed);
  Image image{size.height, size.width, {}};
  image.pixels.resize(size.height * size.width * 3);
  for (std::size_t c = 0; c < 3; ++c) {
    double wave[4][3];
    for (auto& [fx, fy, phase] : wave)
      fx = random.uniform(-15, 15), fy = random.uniform(-15, 15), phase = random.uniform(0, 6.3);
    for (std::size_t y = 0; y < size.height; ++y)
      for (std::size_t x = 0; x < size.width; ++x) {
        double value = 127.5;
        for (const auto& [fx, fy, phase] : wave)
          value +=
              31 * std::sin(fx * static_cast<double>(x) / static_cast<double>(size.width) +
                            fy * static_cast<double>(y) / static_cast<double>(size.height) + phase);
        image.pixels[(y * size.width + x) * 3 + c] = static_cast<std::uint8_t>(value);
      }
  }
  return image;
}

// Writes content to path and makes the folders above it.
inline void write(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  write_file(path, content);
}

// The folder of shared test data; "" when it is not there.
inline std::string shared_folder(const char* fallback) {
  const char* given = std::getenv("FRUGAL_SHARED");
  const std::string folder = given != nullptr ? given : fallback;
  return std::filesystem::is_directory(folder) ? folder : "";
}

}  // namespace frugal::data::testing
