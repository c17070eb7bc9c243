// Labelled photographs and where they come from. Readers recognize a layout and list what is
// there; nothing is decoded here. docs: each reader's header describes its layout.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

enum class Part { kTrain, kValidation, kTest };

std::string_view to_string(Part part);  // "train", "validation", "test"
// Also "val", "valid", "training" and "testing", in any case; empty for anything else.
std::optional<Part> part_named(std::string_view name);

struct Photograph {
  std::string path;                // as given, joined with the data set's folder
  std::size_t label = 0;           // index into Dataset::classes
  std::string content_hash;        // SHA-256 of the file; "" until check() has read it
  std::optional<Part> given_part;  // when the data set itself declares a split
  bool operator==(const Photograph&) const = default;
};

struct Dataset {
  std::string root;
  std::string reader;                // the reader's name
  std::vector<std::string> classes;  // in the layout's own order, else sorted by bytes
  std::vector<Photograph> photographs;
  bool operator==(const Dataset&) const = default;
};

class DatasetReader {
 public:
  virtual ~DatasetReader() = default;
  virtual std::string_view name() const = 0;  // "folder", "csv", "stanford-cars"
  virtual bool recognizes(const std::string& path) const = 0;
  // Lists photographs in an order that depends on the data set alone; files that are named but
  // not there are listed too (check() finds them broken). Throws InputError.
  virtual Dataset read(const std::string& path) const = 0;
};

// The table of readers, in the order in which they are asked.
const std::vector<std::unique_ptr<DatasetReader>>& dataset_readers();

// By the reader of that name, or the first that recognizes the path when reader is "".
// Throws InputError: a missing folder, no reader, no photographs, one class.
Dataset read_dataset(const std::string& path, const std::string& reader = "");

}  // namespace frugal::data
