// A table as a value, and its forms: aligned text, Markdown, CSV, HTML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frugal::report {

// A column that people read has a title, one that programs read has a key; most have both.
struct Column {
  std::string title;  // "": only in CSV
  std::string key;    // "": not in CSV
  bool numeric = true;
  bool operator==(const Column&) const = default;
};

struct Cell {
  std::string text;  // for people: "74.3"
  std::string data;  // for programs: "0.7431"
  bool operator==(const Cell&) const = default;
};

struct Table {
  std::string name;  // "results"; also the name of its CSV file
  std::string caption;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // one cell for every column
  std::vector<std::size_t> emphasized;  // rows, ascending
  bool operator==(const Table&) const = default;
};

// Lines of at most width columns; the widest text column is cut (with "…") when it must be.
std::string to_text(const Table& table, std::size_t width = 100);
std::string to_markdown(const Table& table);  // GitHub's dialect
std::string to_csv(const Table& table);       // RFC 4180, with a header of keys
std::string to_html(const Table& table, bool sortable = false);

// Text that stands for itself in HTML, in attributes too.
std::string escape_html(std::string_view text);

// Text that stands for itself in Markdown, on one line.
std::string escape_markdown(std::string_view text);

// Lines of at most width columns where words allow it; numbers stay with what belongs to them.
std::string wrapped(const std::string& paragraph, std::size_t width);

// Without control characters, which must not reach a terminal.
std::string printable(std::string_view text);

// Code points: close enough to columns for Latin scripts.
std::size_t text_width(std::string_view text);

}  // namespace frugal::report
