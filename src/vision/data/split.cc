#include "vision/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/random.h"

namespace frugal::data {
namespace {

constexpr int kVersion = 1;
constexpr std::array kParts{Part::kTrain, Part::kValidation, Part::kTest};

// Photographs that stay together. hash: the least of their content hashes, by which the group is
// known whatever the order of the photographs.
struct Group {
  std::vector<std::size_t> photographs;
  std::string hash;
  std::size_t label = 0;
  Part part = Part::kTrain;  // the most guarded of the given ones
};

std::size_t most_frequent_label(const std::vector<std::size_t>& photographs,
                                const Dataset& dataset) {
  std::map<std::size_t, std::size_t> count;
  for (const std::size_t i : photographs) ++count[dataset.photographs[i].label];
  return std::max_element(count.begin(), count.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

std::vector<Group> collect_groups(const CheckSummary& checked) {
  const auto& photographs = checked.dataset.photographs;
  FRUGAL_CHECK(checked.group.size() == photographs.size());
  std::map<std::size_t, Group> groups;
  for (std::size_t i = 0; i < photographs.size(); ++i) {
    Group& group = groups[checked.group[i]];
    const std::string& hash = photographs[i].content_hash;
    FRUGAL_CHECK(!hash.empty(), "a split needs checked photographs");
    if (group.photographs.empty() || hash < group.hash) group.hash = hash;
    group.photographs.push_back(i);
    group.part = std::max(group.part, photographs[i].given_part.value_or(Part::kTrain));
  }
  std::vector<Group> result;
  for (auto& [id, group] : groups) {
    group.label = most_frequent_label(group.photographs, checked.dataset);
    result.push_back(std::move(group));
  }
  return result;
}

// Moves groups out of pool (in its order) into part, until it has its share of the class's
// photographs: those that fit, or else the smallest. keep groups stay in the pool.
void take_part(std::vector<Group*>& pool, Part part, double share, std::size_t photographs,
               std::size_t keep) {
  const auto target =
      static_cast<std::size_t>(std::lround(share * static_cast<double>(photographs)));
  std::size_t taken = 0;
  const auto take = [&](std::vector<Group*>::iterator at) {
    taken += (*at)->photographs.size();
    (*at)->part = part;
    return pool.erase(at);
  };
  for (auto at = pool.begin(); at != pool.end() && pool.size() > keep;)
    at = taken + (*at)->photographs.size() <= target ? take(at) : std::next(at);
  if (taken == 0 && share > 0 && pool.size() > keep)
    take(std::min_element(pool.begin(), pool.end(), [](const Group* a, const Group* b) {
      return a->photographs.size() < b->photographs.size();
    }));
}

// Divides one class's groups, of which all are in train.
void divide_class(std::vector<Group*> pool, double validation_share, double test_share,
                  std::uint64_t seed) {
  const RandomStream random = RandomStream(seed).derive("split");
  const auto key = [&](const Group* group) {
    return std::tuple(random.derive(group->hash).bits(), std::string_view(group->hash));
  };
  std::sort(pool.begin(), pool.end(),
            [&](const Group* a, const Group* b) { return key(a) < key(b); });
  std::size_t photographs = 0;
  for (const Group* group : pool) photographs += group->photographs.size();
  // A class of fewer groups than parts stays whole in train.
  const std::size_t parts = 1 + (validation_share > 0) + (test_share > 0);
  if (pool.size() < parts) return;
  take_part(pool, Part::kTest, test_share, photographs, 1 + (validation_share > 0));
  take_part(pool, Part::kValidation, validation_share, photographs, 1);
}

std::vector<std::size_t>& indices(Split& split, Part part) {
  return part == Part::kTrain        ? split.train
         : part == Part::kValidation ? split.validation
                                     : split.test;
}

void require_training_photographs(const Split& split, const Dataset& dataset) {
  std::vector<bool> seen(dataset.classes.size(), false);
  for (const std::size_t i : split.train) seen[dataset.photographs[i].label] = true;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return;
  throw InputError(fmt::format(
      "class \"{}\" has no photograph to train on: all that it has were given to validation or "
      "test, or are copies of other classes' photographs; give it some or take the class out",
      dataset.classes[static_cast<std::size_t>(missing - seen.begin())]));
}

void require_part(const std::vector<std::size_t>& part, double share, std::string_view name) {
  if (share == 0 || !part.empty()) return;
  throw InputError(fmt::format(
      "nothing is left for {}: a class needs three photographs that are not copies of one another "
      "to be in train, validation and test; add photographs, or give a split in the data",
      name));
}

}  // namespace

double usual_share(std::size_t photographs) {
  constexpr double kEnough = 600;
  return std::clamp(kEnough / static_cast<double>(photographs), 0.1, 0.15);
}

Split make_split(const CheckSummary& checked, const SplitOptions& options) {
  const double usual = usual_share(checked.dataset.photographs.size());
  const double validation_wanted = options.validation_share.value_or(usual);
  const double test_wanted = options.test_share.value_or(usual);
  if (!(validation_wanted >= 0 && test_wanted >= 0 && validation_wanted + test_wanted < 1))
    throw InputError(fmt::format(
        "validation {} and test {} must be shares of 0 or more that leave something for train",
        validation_wanted, test_wanted));
  std::vector<Group> groups = collect_groups(checked);
  const auto share_to_take = [&](Part part, double share) {
    const auto& photographs = checked.dataset.photographs;
    const bool given = std::any_of(photographs.begin(), photographs.end(),
                                   [&](const auto& p) { return p.given_part == part; });
    return given ? 0.0 : share;
  };
  const double validation_share = share_to_take(Part::kValidation, validation_wanted);
  const double test_share = share_to_take(Part::kTest, test_wanted);

  std::map<std::size_t, std::vector<Group*>> by_class;
  for (Group& group : groups)
    if (group.part == Part::kTrain) by_class[group.label].push_back(&group);
  for (const auto& [label, pool] : by_class)
    divide_class(pool, validation_share, test_share, options.seed);

  Split split;
  for (const Group& group : groups) {
    auto& part = indices(split, group.part);
    part.insert(part.end(), group.photographs.begin(), group.photographs.end());
  }
  for (const Part part : kParts)
    std::sort(indices(split, part).begin(), indices(split, part).end());
  require_training_photographs(split, checked.dataset);
  require_part(split.validation, validation_share, "validation");
  require_part(split.test, test_share, "test");
  return split;
}

Json to_json(const Split& split, const Dataset& dataset, const SplitOptions& options) {
  const auto hashes = [&](const std::vector<std::size_t>& part) {
    std::set<std::string> sorted;
    for (const std::size_t i : part) sorted.insert(dataset.photographs.at(i).content_hash);
    return sorted;
  };
  const double usual = usual_share(dataset.photographs.size());
  return {{"version", kVersion},
          {"seed", options.seed},
          {"validation_share", options.validation_share.value_or(usual)},
          {"test_share", options.test_share.value_or(usual)},
          {"train", hashes(split.train)},
          {"validation", hashes(split.validation)},
          {"test", hashes(split.test)}};
}

Split split_from_json(const Json& json, const Dataset& dataset, std::string_view where) {
  std::unordered_map<std::string, Part> part_of;
  try {
    if (json.at("version") != kVersion)
      throw InputError(fmt::format("{}: a split of version {}; this program knows version {}",
                                   where, json.at("version").dump(), kVersion));
    for (const Part part : kParts)
      for (const auto& hash : json.at(std::string(to_string(part))))
        if (!part_of.emplace(hash.get<std::string>(), part).second)
          throw InputError(fmt::format("{}: photograph {} stands in it twice", where, hash.dump()));
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not a split: {}", where, error.what()));
  }

  Split split;
  std::set<std::string_view> found;
  for (std::size_t i = 0; i < dataset.photographs.size(); ++i) {
    const Photograph& photograph = dataset.photographs[i];
    const auto part = part_of.find(photograph.content_hash);
    if (part == part_of.end())
      throw InputError(
          fmt::format("{}: {} is not in this split, which was made before it came or changed; "
                      "take it out of the data, or start a new run",
                      where, photograph.path));
    found.insert(part->first);
    indices(split, part->second).push_back(i);
  }
  if (found.size() != part_of.size())
    throw InputError(fmt::format(
        "{}: {} of its {} photographs are missing from {}; put them back, or start a new run",
        where, part_of.size() - found.size(), part_of.size(), dataset.root));
  return split;
}

}  // namespace frugal::data
