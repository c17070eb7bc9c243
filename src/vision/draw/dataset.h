// A data set of drawn photographs as an image folder, one folder a class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/progress.h"
#include "vision/draw/photograph.h"
#include "vision/draw/shape.h"

namespace frugal::draw {

struct DrawOptions {
  Task task = Task::kSource;
  std::size_t classes = 24;
  std::size_t per_class = 40;
  std::size_t size = 96;  // pixels, square
  std::uint64_t seed = 0;
  double spread = 1;     // see ClassOptions
  double variation = 1;  // see PhotographOptions
  unsigned threads = 1;
};

// Writes folder/CLASS/0000.jpg and so on; the files are a pure function of the options, whatever
// the number of threads. The folder is made under another name and renamed when complete: it is
// either whole or not there. A folder that was drawn with the same options is left as it is.
// Throws InputError when folder exists and was not drawn with these options, SystemError when it
// cannot be written.
void draw_dataset(const DrawOptions& options, const std::filesystem::path& folder,
                  ProgressSink& progress);

}  // namespace frugal::draw
