#include "vision/data/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

// Reads a CSV text field by field.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, std::string_view where) : text_(text), where_(where) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // a byte order mark
  }

  bool at_end() const { return at_ == text_.size(); }

  CsvRecord record() {
    CsvRecord record{line_, {}};
    do {
      record.fields.push_back(field());
    } while (accept(','));
    accept('\r');
    if (!at_end() && !accept('\n'))
      fail(line_, "a field does not end where it should; quotes stand around the whole field");
    return record;
  }

 private:
  bool accept(char c) {
    if (at_end() || text_[at_] != c) return false;
    line_ += c == '\n';
    ++at_;
    return true;
  }

  std::string field() {
    if (accept('"')) return quoted();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    std::string value(text_.substr(at_, end - at_));
    at_ = end;
    return value;
  }

  // After the opening quote, up to and with the closing one.
  std::string quoted() {
    const std::size_t opened = line_;
    std::string value;
    for (; !at_end(); ++at_) {
      if (accept('"') && (at_end() || text_[at_] != '"')) return value;
      line_ += text_[at_] == '\n';
      value += text_[at_];
    }
    fail(opened, "a quote that is not closed");
  }

  [[noreturn]] void fail(std::size_t line, std::string_view what) const {
    throw InputError(fmt::format("{}:{}: {}", where_, line, what));
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Where the columns stand; split is kNone when there is none.
struct Columns {
  std::size_t path = 0, label = 1, split = kNone, count = 0;
  bool has_header = false;
};

Columns find_columns(const std::vector<std::string>& first_record) {
  Columns header{kNone, kNone, kNone, first_record.size(), true};
  for (std::size_t i = 0; i < first_record.size(); ++i) {
    const std::string field = lower(first_record[i]);
    if (field == "path") header.path = i;
    if (field == "label") header.label = i;
    if (field == "split") header.split = i;
  }
  if (header.path != kNone && header.label != kNone) return header;
  return {0, 1, first_record.size() == 3 ? 2 : kNone, first_record.size(), false};
}

// One line of the table, with the data set's folder not yet joined.
struct Row {
  std::string path, label;
  std::optional<Part> part;
};

Row read_row(const CsvRecord& record, const Columns& columns, std::string_view where) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{}:{}: {}", where, record.line, what));
  };
  if (record.fields.size() != columns.count)
    fail(fmt::format("{} fields where the first line has {}", record.fields.size(), columns.count));
  Row row{record.fields[columns.path], record.fields[columns.label], std::nullopt};
  if (row.path.empty()) fail("the path is empty");
  if (row.label.empty()) fail("the label is empty");
  if (columns.split == kNone || record.fields[columns.split].empty()) return row;
  const std::string& split = record.fields[columns.split];
  row.part = part_named(split);
  if (!row.part) fail(fmt::format("split \"{}\" is not train, validation or test", split));
  return row;
}

}  // namespace

std::vector<CsvRecord> parse_csv(std::string_view text, std::string_view where) {
  CsvScanner scanner(text, where);
  std::vector<CsvRecord> records;
  while (!scanner.at_end()) {
    CsvRecord record = scanner.record();
    if (record.fields != std::vector<std::string>{""}) records.push_back(std::move(record));
  }
  return records;
}

bool CsvReader::recognizes(const std::string& path) const {
  std::error_code ignored;  // what cannot be looked at is not recognized
  return fs::is_regular_file(path, ignored) && lower(fs::path(path).extension().string()) == ".csv";
}

Dataset CsvReader::read(const std::string& path) const {
  const fs::path folder = fs::path(path).parent_path();
  Dataset dataset{
      .root = folder.string(), .reader = std::string(name()), .classes = {}, .photographs = {}};
  const std::vector<CsvRecord> records = parse_csv(read_file(path), path);
  if (records.empty()) return dataset;
  const Columns columns = find_columns(records.front().fields);
  if (columns.count < 2 || (!columns.has_header && columns.count > 3))
    throw InputError(fmt::format("{}:{}: path,label or path,label,split expected, {} fields found",
                                 path, records.front().line, columns.count));

  std::vector<Row> rows;
  std::map<std::string, std::size_t> labels;
  for (std::size_t i = columns.has_header ? 1 : 0; i < records.size(); ++i) {
    rows.push_back(read_row(records[i], columns, path));
    labels[rows.back().label];
    if (rows.back().part.has_value() != rows.front().part.has_value())
      throw InputError(fmt::format("{}:{}: give a split for every photograph or for none", path,
                                   records[i].line));
  }
  for (auto& [label, index] : labels) {
    index = dataset.classes.size();
    dataset.classes.push_back(label);
  }
  for (const Row& row : rows)
    dataset.photographs.push_back({(folder / row.path).string(), labels[row.label], "", row.part});
  return dataset;
}

}  // namespace frugal::data
