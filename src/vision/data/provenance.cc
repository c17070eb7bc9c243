#include "vision/data/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"

namespace frugal::data {
namespace {

constexpr int kVersion = 1;

// Union-find over group numbers; the smallest number of a set stands for it.
class Groups {
 public:
  explicit Groups(std::size_t n) : parent_(n) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    const auto [least, most] = std::minmax({find(a), find(b)});
    parent_[most] = least;
  }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

Json to_json(const std::vector<AlteredCopy>& copies, const Json& made_by) {
  Json rows = Json::array();
  for (const AlteredCopy& copy : copies)
    rows.push_back(
        {copy.path, copy.content_hash, copy.source_path, copy.source_hash, copy.variant});
  return {{"version", kVersion},
          {"made_by", made_by},
          {"columns", {"path", "content_hash", "source_path", "source_hash", "variant"}},
          {"copies", std::move(rows)}};
}

std::vector<AlteredCopy> copies_from_json(const Json& json, std::string_view where) {
  std::vector<AlteredCopy> copies;
  try {
    if (json.at("version") != kVersion)
      throw InputError(fmt::format(
          "{}: a list of copies of version {}; this program knows version {}: without it copies "
          "would be split from their sources, so use the frugal that wrote it",
          where, json.at("version").dump(), kVersion));
    for (const Json& row : json.at("copies"))
      copies.push_back({row.at(0), row.at(1), row.at(2), row.at(3), row.at(4)});
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not a list of augmented copies: {}", where, error.what()));
  }
  return copies;
}

std::vector<AlteredCopy> read_copies(const std::filesystem::path& root) {
  if (root.empty()) return {};
  const std::filesystem::path folder =
      std::filesystem::absolute(root / "").lexically_normal().parent_path();
  for (const auto& place : {folder, folder.parent_path()}) {
    const std::filesystem::path file = place / kProvenanceFile;
    if (std::filesystem::is_regular_file(file))
      return copies_from_json(parse_json(read_file(file), file.string()), file.string());
  }
  return {};
}

std::size_t join_copies(const std::vector<AlteredCopy>& copies, const Dataset& dataset,
                        std::vector<std::size_t>& group) {
  FRUGAL_CHECK(group.size() == dataset.photographs.size());
  if (copies.empty()) return 0;
  std::map<std::string_view, std::string_view> source_of;
  for (const AlteredCopy& copy : copies) source_of[copy.content_hash] = copy.source_hash;
  Groups groups(group.empty() ? 0 : *std::max_element(group.begin(), group.end()) + 1);
  std::map<std::string_view, std::size_t> group_of_source;
  std::size_t count = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::string& hash = dataset.photographs[i].content_hash;
    const auto source = source_of.find(hash);
    if (source != source_of.end()) ++count;
    const std::string_view family = source == source_of.end() ? hash : source->second;
    groups.join(group_of_source.emplace(family, group[i]).first->second, group[i]);
  }
  for (std::size_t& number : group) number = groups.find(number);
  return count;
}

}  // namespace frugal::data
