// Tables, regions and definitions, of which the pages are put together.
#pragma once

#include <string>
#include <vector>

#include "report/table.h"

namespace frugal::report {

std::string html_unless_empty(const Table& table, bool sortable = false);

// The table's first rows, its caption saying so.
Table first_rows(Table table, std::size_t count);

// In a region of its own that scrolls; "" stays "".
std::string scrolled(const std::string& table, const char* label);

// A term and what it is, of a list of definitions.
std::string definition(const std::string& term, const std::string& html);

// What is not empty, escaped, with dots between.
std::string joined(const std::vector<std::string>& parts);

}  // namespace frugal::report
