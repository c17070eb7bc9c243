#include "cli/some_photographs.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace frugal::cli {

std::vector<data::Image> some_photographs(const RunData& run, std::size_t count,
                                          unsigned resolution) {
  std::vector<data::Image> images;
  std::string reason;
  const std::size_t step = std::max<std::size_t>(run.split.train.size() / count, 1);
  for (std::size_t i = 0; i < run.split.train.size() && images.size() < count; i += step) {
    try {
      images.push_back(data::read_image(run.dataset.photographs[run.split.train[i]].path,
                                        {.at_least_short_side = 2 * resolution}));
    } catch (const Error& error) {
      reason = error.what();
    }
  }
  if (images.empty()) throw InputError("no training photograph can be read: " + reason);
  return images;
}

}  // namespace frugal::cli
