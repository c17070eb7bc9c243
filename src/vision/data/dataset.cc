#include "vision/data/dataset.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "vision/data/csv_reader.h"
#include "vision/data/folder_reader.h"
#include "vision/data/stanford_cars_reader.h"

namespace frugal::data {
namespace {

const DatasetReader& find_reader(const std::string& path, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& reader : dataset_readers()) {
    if (name.empty() ? reader->recognizes(path) : reader->name() == name) return *reader;
    names.emplace_back(reader->name());
  }
  if (name.empty())
    throw InputError(
        fmt::format("{}: no data set is recognized there; give an image folder (one folder a "
                    "class), a .csv file (path,label) or the Stanford Cars layout",
                    path));
  const std::string near = nearest(name, names);
  throw InputError(fmt::format("unknown reader \"{}\"{}; the readers are {}", name,
                               near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near),
                               fmt::join(names, ", ")));
}

}  // namespace

std::string_view to_string(Part part) {
  return part == Part::kTrain ? "train" : part == Part::kValidation ? "validation" : "test";
}

std::optional<Part> part_named(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "train" || lower == "training") return Part::kTrain;
  if (lower == "validation" || lower == "valid" || lower == "val") return Part::kValidation;
  if (lower == "test" || lower == "testing") return Part::kTest;
  return std::nullopt;
}

const std::vector<std::unique_ptr<DatasetReader>>& dataset_readers() {
  static const auto readers = [] {
    std::vector<std::unique_ptr<DatasetReader>> table;
    table.push_back(std::make_unique<StanfordCarsReader>());
    table.push_back(std::make_unique<CsvReader>());
    table.push_back(std::make_unique<FolderReader>());
    return table;
  }();
  return readers;
}

Dataset read_dataset(const std::string& path, const std::string& reader) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  if (!std::filesystem::exists(path, ignored))
    throw InputError(fmt::format("{}: no such file or folder", path));
  Dataset dataset = find_reader(path, reader).read(path);
  if (dataset.photographs.empty()) throw InputError(fmt::format("{}: no photographs", path));
  if (dataset.classes.size() < 2)
    throw InputError(fmt::format(
        "{}: only one class, \"{}\"; there is nothing to tell apart with fewer than two", path,
        dataset.classes.front()));
  return dataset;
}

}  // namespace frugal::data
