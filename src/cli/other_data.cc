#include "cli/other_data.h"

#include <fmt/format.h>

#include <set>
#include <string>

#include "vision/data/check.h"

namespace frugal::cli {
namespace {

// Photographs of the data set that the run has trained or been tuned on, by content.
std::size_t count_seen(const data::Dataset& dataset, const RunData& run) {
  std::set<std::string> seen;
  for (const auto& part : {run.split.train, run.split.validation})
    for (const std::size_t i : part) seen.insert(run.dataset.photographs[i].content_hash);
  std::size_t count = 0;
  for (const auto& photograph : dataset.photographs)
    count += seen.contains(photograph.content_hash) ? 1 : 0;
  return count;
}

}  // namespace

OtherData read_other_data(const DataOptions& options, const RunData& run, unsigned threads,
                          Console& console) {
  const data::CheckOptions check_options{.strict = options.strict, .threads = threads};
  auto checked =
      data::check(data::read_dataset(options.data, options.reader), check_options, console);
  for (const auto& broken : checked.broken)
    console.message(fmt::format("left out {}: {}", broken.path, broken.reason));
  const std::size_t seen = count_seen(checked.dataset, run);
  if (seen > 0)
    console.message(
        fmt::format("{} of {} photographs are among those that this run was trained or tuned on; "
                    "the accuracy flatters",
                    seen, checked.dataset.photographs.size()));
  return {std::move(checked.dataset), seen};
}

}  // namespace frugal::cli
