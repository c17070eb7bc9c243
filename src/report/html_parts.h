// What the pages of reports are put together from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "report/table.h"

namespace frugal::report {

// Name -> HTML; what is user's text has been escaped.
using Values = std::map<std::string, std::string>;

// The part of Mustache that the pages need: {{name}} is replaced, {{#name}} ... {{/name}} is kept
// when name is not empty. Values are not looked into.
std::string fill(std::string_view page, const Values& values);

// What a content security policy names a script by: base64 of SHA-256.
std::string policy_hash(std::string_view content);

// A sentence as HTML, its numbers held together with what belongs to them.
std::string sentence_html(const std::string& sentence);

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
