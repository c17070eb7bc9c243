#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/run_folder.h"
#include "vision/data/check.h"

namespace frugal::cli {

int run_check(const CheckOptions& options, Console& console) {
  const data::CheckOptions check_options{.strict = options.data.strict, .threads = core_count()};
  const data::CheckSummary summary = data::check(
      data::read_dataset(options.data.data, options.data.reader), check_options, console);
  std::string text = fmt::format(
      "{} photographs of {} classes ({} to {} a class), read as {}\n"
      "median short side {} pixels, median width to height {:.2f}\n",
      summary.dataset.photographs.size(), summary.dataset.classes.size(), summary.min_per_class,
      summary.max_per_class, summary.dataset.reader, summary.median_short_side_pixels,
      summary.median_aspect);
  const auto path = [&](std::size_t i) { return summary.dataset.photographs[i].path; };
  text += fmt::format("broken {}\n", summary.broken.size());
  for (const auto& broken : summary.broken)
    text += fmt::format("  {}: {}\n", broken.path, broken.reason);
  const auto groups = [&](const char* title, const std::vector<std::vector<std::size_t>>& found) {
    text += fmt::format("{} {}\n", title, found.size());
    for (const auto& group : found) {
      for (const std::size_t i : group) text += "  " + path(i);
      text += '\n';
    }
  };
  groups("groups of duplicates", summary.duplicates);
  groups("groups of near-copies", summary.near_duplicates);
  groups("same photograph, different classes", summary.conflicting);
  if (summary.altered_copies > 0)
    text += fmt::format("augmented copies {}; a split keeps them with their sources\n",
                        summary.altered_copies);
  console.result(text, to_json(summary));
  return 0;
}

}  // namespace frugal::cli
