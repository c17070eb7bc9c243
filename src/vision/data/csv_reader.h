// CSV (RFC 4180): path,label[,split]. Paths are relative to the CSV's folder, or absolute. The
// first line may be a header; it is one when it names a "path" and a "label" column, and then
// the columns may stand in any order and others are ignored. The split is train, validation or
// test (and the names that part_named knows), for each photograph or for none.
#pragma once

#include "vision/data/dataset.h"

namespace frugal::data {

// A record of a CSV text and the line (1-based) on which it begins.
struct CsvRecord {
  std::size_t line = 0;
  std::vector<std::string> fields;
  bool operator==(const CsvRecord&) const = default;
};

// Quoted fields may hold commas, doubled quotes and line ends. Empty lines are passed over.
// Throws InputError: "labels.csv:7: ...".
std::vector<CsvRecord> parse_csv(std::string_view text, std::string_view where);

class CsvReader final : public DatasetReader {
 public:
  std::string_view name() const override { return "csv"; }
  bool recognizes(const std::string& path) const override;
  Dataset read(const std::string& path) const override;
};

}  // namespace frugal::data
