#include "vision/data/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/image.h"
#include "vision/data/likeness.h"
#include "vision/data/parallel.h"
#include "vision/data/provenance.h"

namespace frugal::data {
namespace {

constexpr std::size_t kNamed = 5;  // in an error

// What one reading of a photograph tells.
struct Reading {
  std::string broken;  // the reason; "" when the rest is filled in
  std::string content_hash;
  Size size;
  Likeness likeness;
};

Reading read(const std::string& path) {
  Reading reading;
  try {
    const std::string bytes = read_photograph(path);
    reading.content_hash = sha256(bytes);
    reading.size = image_size(bytes, path);
    const Image image = decode_image(bytes, {.at_least_short_side = kThumbnailSide}, path);
    reading.likeness = likeness(image, reading.size);
  } catch (const Error& error) {
    reading.broken = error.what();
    if (reading.broken.starts_with(path + ": ")) reading.broken.erase(0, path.size() + 2);
  }
  return reading;
}

void require_few_broken(const std::vector<BrokenPhotograph>& broken, std::size_t total,
                        const CheckOptions& options) {
  const auto count = static_cast<double>(broken.size());
  if (broken.empty() ||
      (!options.strict && count <= options.broken_limit * static_cast<double>(total)))
    return;
  std::string message = fmt::format("{} of {} photographs cannot be used ({}); ", broken.size(),
                                    total, options.strict ? "none may be broken" : "too many");
  message += "repair them or take them out of the data:";
  for (std::size_t i = 0; i < std::min(kNamed, broken.size()); ++i)
    message += fmt::format("\n  {}: {}", broken[i].path, broken[i].reason);
  if (broken.size() > kNamed) message += fmt::format("\n  and {} more", broken.size() - kNamed);
  throw InputError(message);
}

void require_two_per_class(const Dataset& dataset, const std::vector<std::size_t>& per_class) {
  std::string named;
  std::size_t small = 0;
  for (std::size_t label = 0; label < per_class.size(); ++label) {
    if (per_class[label] >= 2 || ++small > kNamed) continue;
    named += fmt::format("{}\"{}\" has {}", named.empty() ? "" : ", ", dataset.classes[label],
                         per_class[label]);
  }
  if (small == 0) return;
  if (small > kNamed) named += fmt::format(", and {} more", small - kNamed);
  throw InputError(fmt::format(
      "a class needs two photographs or more, but {}; add photographs or take the class out",
      named));
}

template <typename Value>
Value median(std::vector<Value> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void describe_sizes(const std::vector<Size>& sizes, CheckSummary& summary) {
  std::vector<std::size_t> short_sides;
  std::vector<double> aspects;
  for (const auto& size : sizes) {
    short_sides.push_back(std::min(size.height, size.width));
    aspects.push_back(static_cast<double>(size.width) / static_cast<double>(size.height));
  }
  summary.median_aspect = median(std::move(aspects));
  summary.median_short_side_pixels = median(std::move(short_sides));
}

// Equal contents have equal likenesses, so each group of duplicates lies in one of the groups.
void describe_copies(CheckSummary& summary) {
  const auto& photographs = summary.dataset.photographs;
  std::map<std::string_view, std::vector<std::size_t>> by_content;
  std::map<std::size_t, std::vector<std::size_t>> by_group;
  for (std::size_t i = 0; i < photographs.size(); ++i) {
    by_content[photographs[i].content_hash].push_back(i);
    by_group[summary.group[i]].push_back(i);
  }
  for (const auto& [hash, members] : by_content) {
    if (members.size() < 2) continue;
    summary.duplicates.push_back(members);
    const bool agree = std::all_of(members.begin(), members.end(), [&](std::size_t i) {
      return photographs[i].label == photographs[members.front()].label;
    });
    if (!agree) summary.conflicting.push_back(members);
  }
  std::sort(summary.duplicates.begin(), summary.duplicates.end());
  std::sort(summary.conflicting.begin(), summary.conflicting.end());
  for (const auto& [group, members] : by_group) {
    const bool differ = std::any_of(members.begin(), members.end(), [&](std::size_t i) {
      return photographs[i].content_hash != photographs[members.front()].content_hash;
    });
    if (differ) summary.near_duplicates.push_back(members);
  }
}

}  // namespace

CheckSummary check(Dataset dataset, const CheckOptions& options, ProgressSink& progress) {
  const std::size_t total = dataset.photographs.size();
  if (total == 0) throw InputError(fmt::format("{}: no photographs", dataset.root));
  std::vector<Reading> readings(total);
  for_each_index(total, options.threads, "checking photographs", progress,
                 [&](std::size_t i) { readings[i] = read(dataset.photographs[i].path); });

  CheckSummary summary;
  std::vector<Photograph> photographs = std::exchange(dataset.photographs, {});
  summary.dataset = std::move(dataset);
  std::vector<Size> sizes;
  std::vector<Likeness> likenesses;
  std::vector<std::size_t> per_class(summary.dataset.classes.size(), 0);
  for (std::size_t i = 0; i < total; ++i) {
    if (!readings[i].broken.empty()) {
      summary.broken.push_back({photographs[i].path, readings[i].broken});
      continue;
    }
    ++per_class.at(photographs[i].label);
    photographs[i].content_hash = readings[i].content_hash;
    sizes.push_back(readings[i].size);
    likenesses.push_back(readings[i].likeness);
    summary.dataset.photographs.push_back(std::move(photographs[i]));
  }
  require_few_broken(summary.broken, total, options);
  require_two_per_class(summary.dataset, per_class);

  summary.group = group_alike(likenesses, options.threads, progress);
  describe_copies(summary);
  summary.altered_copies =
      join_copies(read_copies(summary.dataset.root), summary.dataset, summary.group);
  describe_sizes(sizes, summary);
  const auto [least, most] = std::minmax_element(per_class.begin(), per_class.end());
  summary.min_per_class = *least;
  summary.max_per_class = *most;
  return summary;
}

Json to_json(const CheckSummary& summary) {
  const auto& photographs = summary.dataset.photographs;
  const auto paths = [&](const std::vector<std::vector<std::size_t>>& groups) {
    Json result = Json::array();
    for (const auto& group : groups) {
      Json names = Json::array();
      for (const std::size_t i : group) names.push_back(photographs[i].path);
      result.push_back(std::move(names));
    }
    return result;
  };
  Json broken = Json::array();
  for (const auto& photograph : summary.broken)
    broken.push_back({{"path", photograph.path}, {"reason", photograph.reason}});
  return {{"root", summary.dataset.root},
          {"reader", summary.dataset.reader},
          {"photographs", photographs.size()},
          {"classes", summary.dataset.classes.size()},
          {"broken", std::move(broken)},
          {"duplicates", paths(summary.duplicates)},
          {"near_duplicates", paths(summary.near_duplicates)},
          {"conflicting", paths(summary.conflicting)},
          {"altered_copies", summary.altered_copies},
          {"min_per_class", summary.min_per_class},
          {"max_per_class", summary.max_per_class},
          {"median_aspect", summary.median_aspect},
          {"median_short_side_pixels", summary.median_short_side_pixels}};
}

}  // namespace frugal::data
