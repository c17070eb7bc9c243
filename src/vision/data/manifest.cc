#include "vision/data/manifest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::data {

Json to_json(const Dataset& dataset) {
  Json photographs = Json::array();
  for (const auto& photograph : dataset.photographs)
    photographs.push_back({photograph.path, photograph.label, photograph.content_hash});
  return {{"version", 1},
          {"root", dataset.root},
          {"reader", dataset.reader},
          {"classes", dataset.classes},
          {"columns", {"path", "label", "content_hash"}},
          {"photographs", std::move(photographs)}};
}

Dataset dataset_from_json(const Json& json, std::string_view where) {
  Dataset dataset;
  try {
    if (json.at("version") != 1)
      throw InputError(
          fmt::format("{}: written by another version of frugal; use a new --output", where));
    dataset.root = json.at("root");
    dataset.reader = json.at("reader");
    dataset.classes = json.at("classes").get<std::vector<std::string>>();
    for (const auto& row : json.at("photographs"))
      dataset.photographs.push_back({row.at(0), row.at(1), row.at(2), std::nullopt});
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: not a data set manifest: {}", where, error.what()));
  }
  for (const auto& photograph : dataset.photographs)
    if (photograph.label >= dataset.classes.size())
      throw InputError(
          fmt::format("{}: {} has a label outside the classes", where, photograph.path));
  return dataset;
}

}  // namespace frugal::data
