#include "vision/data/boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "vision/data/csv_reader.h"
#include "vision/data/stanford_cars_reader.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kColumns[] = {"path", "left", "top", "right", "bottom"};

fs::path folder_of(const Dataset& dataset) {
  std::error_code ignored;  // what cannot be looked at is not there
  const fs::path root = dataset.root;
  return fs::is_directory(root, ignored) ? root : root.parent_path();
}

double number_of(const std::string& text, const std::string& where, std::size_t line) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw InputError(fmt::format("{}:{}: \"{}\" is no number of pixels", where, line, text));
  return value;
}

std::map<std::string, Box> read_box_table(const fs::path& path) {
  const std::string where = path.string();
  const auto records = parse_csv(read_file(path), where);
  if (records.empty()) throw InputError(where + ": is empty");
  std::size_t column[5];
  for (std::size_t c = 0; c < 5; ++c) {
    const auto& header = records.front().fields;
    const auto found = std::find(header.begin(), header.end(), kColumns[c]);
    if (found == header.end())
      throw InputError(fmt::format("{}:1: has no column \"{}\"; there must be {}", where,
                                   kColumns[c], fmt::join(kColumns, ", ")));
    column[c] = static_cast<std::size_t>(found - header.begin());
  }
  std::map<std::string, Box> boxes;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto& [line, fields] = records[i];
    if (fields.size() != records.front().fields.size())
      throw InputError(fmt::format("{}:{}: has {} fields, the header {}", where, line,
                                   fields.size(), records.front().fields.size()));
    const auto number = [&](std::size_t c) { return number_of(fields[column[c]], where, line); };
    const Box box{number(1), number(2), number(3), number(4)};
    if (box.right <= box.left || box.bottom <= box.top)
      throw InputError(
          fmt::format("{}:{}: the box is empty: right must be above left, and bottom "
                      "above top",
                      where, line));
    boxes[(path.parent_path() / fields[column[0]]).string()] = box;
  }
  return boxes;
}

}  // namespace

std::map<std::string, Box> read_boxes(const Dataset& dataset) {
  const fs::path table = folder_of(dataset) / "boxes.csv";
  std::error_code ignored;  // what cannot be looked at is not there
  if (fs::is_regular_file(table, ignored)) return read_box_table(table);
  return StanfordCarsReader().recognizes(dataset.root) ? StanfordCarsReader::boxes(dataset.root)
                                                       : std::map<std::string, Box>{};
}

Box box_in_view(const Box& box, Size photograph, Size canvas, Size view) {
  const auto along = [](double at, std::size_t whole, double scale, std::size_t shown) {
    const double offset = (scale * static_cast<double>(whole) - static_cast<double>(shown)) / 2;
    return std::clamp(at * scale - offset, 0.0, static_cast<double>(shown));
  };
  const double scale =
      std::max(static_cast<double>(canvas.height) / static_cast<double>(photograph.height),
               static_cast<double>(canvas.width) / static_cast<double>(photograph.width));
  return {along(box.left, photograph.width, scale, view.width),
          along(box.top, photograph.height, scale, view.height),
          along(box.right, photograph.width, scale, view.width),
          along(box.bottom, photograph.height, scale, view.height)};
}

}  // namespace frugal::data
