// Labelled photographs and where they come from. Readers recognize a layout and list what is
// there; nothing is decoded here.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

enum class Part { kTrain, kValidation, kTest };

struct Photograph {
  std::string path;                // as given, joined with the data set's folder
  std::size_t label = 0;           // index into Dataset::classes
  std::string content_hash;        // SHA-256 of the file; "" until check() has read it
  std::optional<Part> given_part;  // when the data set itself declares a split
};

struct Dataset {
  std::string root;
  std::string reader;                // the reader's name
  std::vector<std::string> classes;  // sorted as the layout says
  std::vector<Photograph> photographs;
};

class DatasetReader {
 public:
  virtual ~DatasetReader() = default;
  virtual std::string_view name() const = 0;  // "folder", "csv", "stanford-cars"
  virtual bool recognizes(const std::string& path) const = 0;
  virtual Dataset read(const std::string& path) const = 0;  // throws InputError
};

// The table of readers, in the order in which they are asked.
const std::vector<std::unique_ptr<DatasetReader>>& dataset_readers();

// By the reader of that name, or the first that recognizes the path when reader is "".
// Throws InputError: a missing folder, no reader, no photographs, one class.
Dataset read_dataset(const std::string& path, const std::string& reader = "");

}  // namespace frugal::data
