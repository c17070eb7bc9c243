// The split, made once per experiment: train, validation (which the tuning sees), test (opened
// once, for the answer). Stratified by class, seeded, by the content of the photograph:
// duplicates and near-copies stay on one side. A given split is kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "vision/data/check.h"

namespace frugal::data {

struct SplitOptions {
  double validation_share = 0.15;
  double test_share = 0.15;
  std::uint64_t seed = 0;
};

// Indices into the data set's photographs, ascending, disjoint.
struct Split {
  std::vector<std::size_t> train, validation, test;
  bool operator==(const Split&) const = default;
};

// Every class has at least one photograph in train, and one in validation and test when it has
// three groups or more. Independent of the order of the photographs.
Split make_split(const CheckSummary& checked, const SplitOptions& options);

// Stored by content hash, so that a moved or reordered data set finds its split again.
Json to_json(const Split& split, const Dataset& dataset, const SplitOptions& options);
// Throws InputError when a photograph of the split is missing or a new one is not in it.
Split split_from_json(const Json& json, const Dataset& dataset, std::string_view where);

}  // namespace frugal::data
