// The split, made once per experiment: train, validation (which the tuning sees), test (opened
// once, for the answer). Stratified by class, seeded, by the content of the photograph:
// duplicates, near-copies and augmented copies stay on one side.
//
// A given split is kept: nothing that the data set gives to validation or test leaves it for
// train. A part that it does not give is taken out of train (photographs without a given part
// count as train). A group that stands in several given parts goes wholly to the most guarded
// of them, test before validation before train, so that no copy of a test photograph is
// trained on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vision/data/check.h"

namespace frugal::data {

// What each held-out part takes of so many photographs, when nobody says: 15 %, of more than 4,000
// only what leaves 600 to judge on, at least 10 %. Every photograph more to learn from is worth
// more than a little narrower interval.
double usual_share(std::size_t photographs);

struct SplitOptions {
  // Of the photographs that are divided, class by class. 0: the part stays empty. Absent:
  // usual_share.
  std::optional<double> validation_share;
  std::optional<double> test_share;
  std::uint64_t seed = 0;
};

// Indices into the data set's photographs, ascending, disjoint, together all of them.
struct Split {
  std::vector<std::size_t> train, validation, test;
  bool operator==(const Split&) const = default;
};

// Every class has at least one photograph in train, and one in validation and test when it has
// three groups or more. Independent of the order of the photographs; one class's division does
// not depend on the other classes. A group of several classes is divided with the class that
// most of its photographs have. Throws InputError when a class is left without a photograph to
// train on (a given split that has none), when the shares leave nothing for train, or when no class
// has enough groups to fill a part whose share is not 0.
Split make_split(const CheckSummary& checked, const SplitOptions& options);

// Stored by content hash, so that a moved or reordered data set finds its split again.
Json to_json(const Split& split, const Dataset& dataset, const SplitOptions& options);
// Throws InputError when a photograph of the split is missing or a new one is not in it.
Split split_from_json(const Json& json, const Dataset& dataset, std::string_view where);

}  // namespace frugal::data
