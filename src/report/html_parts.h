// Tables, regions and definitions, of which the pages are put together.
#pragma once

#include <string>
#include <vector>

#include "report/explanation.h"
#include "report/page_template.h"
#include "report/table.h"

namespace frugal::report {

std::string html_unless_empty(const Table& table, bool sortable = false);

// The table's first rows, its caption saying so.
Table first_rows(Table table, std::size_t count);

// In a region of its own that scrolls; "" stays "".
std::string scrolled(const std::string& table, const char* label);

// A term and what it is, of a list of definitions.
std::string definition(const std::string& term, const std::string& html);

// A heading and pictures below it, from the file itself.
std::string pictures_html(const PictureRow& row);

// css and js, which every page has, with their hashes.
Values page_parts();
// The front end, and what it shows (page_data.h), besides.
void add_front_end(Values& values, const Json& data);

// What is not empty, escaped, with dots between.
std::string joined(const std::vector<std::string>& parts);

}  // namespace frugal::report
