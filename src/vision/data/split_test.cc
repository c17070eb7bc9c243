#include "vision/data/split.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A checked data set of given class sizes without files: photograph i of class c has content
// "c/i", unless copies says that it shares a group (and perhaps a class) with another.
CheckSummary checked_of(const std::vector<std::size_t>& class_sizes) {
  CheckSummary checked;
  for (std::size_t c = 0; c < class_sizes.size(); ++c) {
    checked.dataset.classes.push_back(fmt::format("class{}", c));
    for (std::size_t i = 0; i < class_sizes[c]; ++i) {
      const std::string name = fmt::format("{}/{}", c, i);
      checked.dataset.photographs.push_back({name, c, sha256(name), std::nullopt});
      checked.group.push_back(checked.group.size());
    }
  }
  return checked;
}

// Class sizes and groups drawn at random; groups may reach over classes.
CheckSummary random_checked(RandomStream& random) {
  std::vector<std::size_t> sizes(2 + random.below(6));
  for (auto& size : sizes) size = 8 + random.below(60);
  CheckSummary checked = checked_of(sizes);
  const std::size_t n = checked.group.size();
  for (std::size_t merges = random.below(n / 6); merges > 0; --merges) {
    const std::size_t a = random.below(n);
    const std::size_t b = random.below(10) == 0 ? random.below(n) : std::min(a + 1, n - 1);
    const std::size_t from = checked.group[b], to = checked.group[a];
    std::replace(checked.group.begin(), checked.group.end(), from, to);
  }
  return checked;
}

std::vector<Part> part_of(const Split& split, std::size_t n) {
  std::vector<int> count(n, 0);
  std::vector<Part> parts(n);
  const auto mark = [&](const std::vector<std::size_t>& indices, Part part) {
    EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
    for (const std::size_t i : indices) {
      ++count.at(i);
      parts[i] = part;
    }
  };
  mark(split.train, Part::kTrain);
  mark(split.validation, Part::kValidation);
  mark(split.test, Part::kTest);
  for (const int times : count) EXPECT_EQ(times, 1);
  return parts;
}

// The same photographs in another order.
CheckSummary shuffled(const CheckSummary& checked, RandomStream& random) {
  CheckSummary result = checked;
  const std::vector<std::size_t> order = random.permutation(checked.group.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    result.dataset.photographs[i] = checked.dataset.photographs[order[i]];
    result.group[i] = checked.group[order[i]] + 7;  // the groups' numbers mean nothing
  }
  return result;
}

std::map<std::string, Part> by_content(const CheckSummary& checked, const Split& split) {
  const std::vector<Part> parts = part_of(split, checked.group.size());
  std::map<std::string, Part> result;
  for (std::size_t i = 0; i < parts.size(); ++i)
    result[checked.dataset.photographs[i].content_hash] = parts[i];
  return result;
}

std::string error_of(const CheckSummary& checked, const SplitOptions& options = {}) {
  try {
    make_split(checked, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Split, HoldsBackLessOfManyPhotographs) {
  EXPECT_EQ(usual_share(30), 0.15);
  EXPECT_EQ(usual_share(4000), 0.15);
  EXPECT_NEAR(usual_share(5000) * 5000, 600, 1e-9);
  EXPECT_EQ(usual_share(100'000), 0.1);
}

TEST(Split, LawsHoldForRandomDataSets) {
  RandomStream random(1);
  for (int round = 0; round < 200; ++round) {
    const CheckSummary checked = random_checked(random);
    const SplitOptions options{.seed = random.bits()};
    const Split split = make_split(checked, options);
    const std::vector<Part> parts = part_of(split, checked.group.size());

    std::map<std::size_t, std::set<Part>> parts_of_group, parts_of_class;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts_of_group[checked.group[i]].insert(parts[i]);
      parts_of_class[checked.dataset.photographs[i].label].insert(parts[i]);
    }
    for (const auto& [group, in] : parts_of_group) ASSERT_EQ(in.size(), 1u);
    for (const auto& [label, in] : parts_of_class) ASSERT_TRUE(in.contains(Part::kTrain));

    ASSERT_EQ(split, make_split(checked, options));
    const CheckSummary other = shuffled(checked, random);
    ASSERT_EQ(by_content(checked, split), by_content(other, make_split(other, options)));
  }
}

TEST(Split, IsStratified) {
  const std::vector<std::size_t> sizes = {20, 100, 41, 7, 3};
  const CheckSummary checked = checked_of(sizes);
  const std::vector<Part> parts = part_of(make_split(checked, {}), checked.group.size());
  std::vector<std::map<Part, double>> count(sizes.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    ++count[checked.dataset.photographs[i].label][parts[i]];
  for (std::size_t c = 0; c < sizes.size(); ++c)
    for (const Part part : {Part::kValidation, Part::kTest}) {
      EXPECT_NEAR(count[c][part], 0.15 * static_cast<double>(sizes[c]), 0.56) << sizes[c];
      EXPECT_GE(count[c][part], 1) << sizes[c];
    }
}

TEST(Split, OfThreeGroupsFillsAllParts) {
  CheckSummary checked = checked_of({3, 9});
  for (std::size_t i = 3; i < 12; ++i) checked.group[i] = 3 + (i - 3) / 3;  // three of three
  const std::vector<Part> parts = part_of(make_split(checked, {}), 12);
  EXPECT_EQ(std::set<Part>(parts.begin(), parts.begin() + 3).size(), 3u);
  EXPECT_EQ(std::set<Part>(parts.begin() + 3, parts.end()).size(), 3u);
}

TEST(Split, ChangesWithTheSeedAlone) {
  const CheckSummary checked = checked_of({40, 40});
  EXPECT_NE(make_split(checked, {.seed = 1}), make_split(checked, {.seed = 2}));
}

TEST(Split, OfOneClassDoesNotDependOnTheOthers) {
  const CheckSummary few = checked_of({30, 30}), more = checked_of({30, 30, 25});
  const std::vector<Part> a = part_of(make_split(few, {}), 60),
                          b = part_of(make_split(more, {}), 85);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin()));
}

TEST(Split, KeepsAGivenTestAndTakesValidationOutOfTrain) {
  CheckSummary checked = checked_of({20, 20});
  for (std::size_t i = 0; i < 40; ++i)
    checked.dataset.photographs[i].given_part = i % 4 == 0 ? Part::kTest : Part::kTrain;
  const Split split = make_split(checked, {});
  EXPECT_EQ(split.test.size(), 10u);
  for (const std::size_t i : split.test) EXPECT_EQ(i % 4, 0u);
  EXPECT_EQ(split.validation.size(), 4u);  // round(0.15 × 15) of each class
  EXPECT_EQ(split.train.size(), 26u);
}

TEST(Split, KeepsAWholeGivenSplit) {
  CheckSummary checked = checked_of({12, 12});
  for (std::size_t i = 0; i < 24; ++i)
    checked.dataset.photographs[i].given_part = i % 3 == 0   ? Part::kTest
                                                : i % 3 == 1 ? Part::kValidation
                                                             : Part::kTrain;
  const std::vector<Part> parts = part_of(make_split(checked, {}), 24);
  for (std::size_t i = 0; i < 24; ++i)
    EXPECT_EQ(parts[i], checked.dataset.photographs[i].given_part);
}

TEST(Split, DividesAGivenTrainThatStandsAlone) {
  CheckSummary checked = checked_of({20, 20});
  const Split ungiven = make_split(checked, {});
  for (auto& photograph : checked.dataset.photographs) photograph.given_part = Part::kTrain;
  EXPECT_EQ(make_split(checked, {}), ungiven);
}

TEST(Split, NeverTrainsOnACopyOfAGivenTestPhotograph) {
  CheckSummary checked = checked_of({10, 10});
  for (std::size_t i = 0; i < 20; ++i)
    checked.dataset.photographs[i].given_part = i % 5 == 0 ? Part::kTest : Part::kTrain;
  checked.group[1] = checked.group[0];
  const std::vector<Part> parts = part_of(make_split(checked, {}), 20);
  EXPECT_EQ(parts[0], Part::kTest);
  EXPECT_EQ(parts[1], Part::kTest);
}

TEST(Split, RefusesAClassThatCannotBeTrained) {
  CheckSummary checked = checked_of({10, 10});
  for (std::size_t i = 0; i < 20; ++i)
    checked.dataset.photographs[i].given_part = i < 10 ? Part::kTest : Part::kTrain;
  EXPECT_THAT(error_of(checked), HasSubstr("class \"class0\" has no photograph to train on"));
}

TEST(Split, RefusesDataThatFillNoTest) {
  EXPECT_THAT(error_of(checked_of({2, 2})), HasSubstr("nothing is left for validation"));
}

TEST(Split, RefusesSharesThatMakeNoSense) {
  const CheckSummary checked = checked_of({9, 9});
  EXPECT_THAT(error_of(checked, {.validation_share = 0.6, .test_share = 0.4}),
              HasSubstr("leave something for train"));
  EXPECT_THAT(error_of(checked, {.validation_share = -0.1}), HasSubstr("must be shares"));
}

TEST(Split, OfShareZeroIsEmpty) {
  const Split split = make_split(checked_of({9, 9}), {.validation_share = 0.2, .test_share = 0});
  EXPECT_THAT(split.test, IsEmpty());
  EXPECT_EQ(split.validation.size(), 4u);
}

TEST(SplitJson, IsFoundAgainInAnotherOrderAndPlace) {
  RandomStream random(2);
  for (int round = 0; round < 30; ++round) {
    CheckSummary checked = random_checked(random);
    checked.dataset.photographs[1].content_hash = checked.dataset.photographs[0].content_hash;
    checked.group[1] = checked.group[0];
    const SplitOptions options{.seed = random.bits()};
    const Split split = make_split(checked, options);
    const std::string text = to_json(split, checked.dataset, options).dump();
    EXPECT_EQ(split_from_json(parse_json(text, "split.json"), checked.dataset, "split.json"),
              split);
    CheckSummary moved = shuffled(checked, random);
    for (auto& photograph : moved.dataset.photographs)
      photograph.path = "elsewhere/" + photograph.path;
    const Split again =
        split_from_json(parse_json(text, "split.json"), moved.dataset, "split.json");
    EXPECT_EQ(by_content(moved, again), by_content(checked, split));
  }
}

TEST(SplitJson, RefusesDataThatChangedAndTextThatIsNoSplit) {
  const CheckSummary checked = checked_of({9, 9});
  const Json json = to_json(make_split(checked, {}), checked.dataset, {});
  const auto error = [](const Json& from, const Dataset& dataset) -> std::string {
    try {
      split_from_json(from, dataset, "split.json");
    } catch (const InputError& caught) {
      return caught.what();
    }
    return "no error";
  };
  Dataset changed = checked.dataset;
  changed.photographs[4].content_hash = sha256("new");
  EXPECT_THAT(error(json, changed), HasSubstr("split.json: 0/4 is not in this split"));
  Dataset fewer = checked.dataset;
  fewer.photographs.pop_back();
  EXPECT_THAT(error(json, fewer), HasSubstr("1 of its 18 photographs are missing"));
  Json other = json;
  other["version"] = 2;
  EXPECT_THAT(error(other, checked.dataset), HasSubstr("a split of version 2"));
  EXPECT_THAT(error(Json::array(), checked.dataset), HasSubstr("not a split"));
  Json twice = json;
  twice["test"].push_back(json["train"][0]);
  EXPECT_THAT(error(twice, checked.dataset), HasSubstr("stands in it twice"));
}

}  // namespace
}  // namespace frugal::data
