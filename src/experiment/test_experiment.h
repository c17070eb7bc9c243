// What the tests of this room and of those above it share: a small experiment, a folder.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "experiment/experiment.h"

namespace frugal::experiment {

// x in [0, 1], n in 1..10, c in {a, b}; three tasks; the suggester "random".
inline Experiment test_experiment() {
  using optimizer::Parameter;
  using optimizer::ParameterType;
  return {
      .name = "test",
      .space = optimizer::Space(
          {Parameter{.name = "x", .type = ParameterType::kDouble, .min = 0, .max = 1},
           Parameter{.name = "n", .type = ParameterType::kInt, .min = 1, .max = 10},
           Parameter{.name = "c", .type = ParameterType::kCategorical, .categories = {"a", "b"}}}),
      .tasks = {{"small", 0.1}, {"medium", 0.5}, {"full", 1.0}},
      .suggester = "random",
      .seed = 1};
}

// Gone with its contents at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "frugal.XXXXXX").string();
    FRUGAL_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace frugal::experiment
