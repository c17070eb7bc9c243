#include "report/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/numbers.h"

namespace frugal::report {

std::string html_unless_empty(const Table& table, bool sortable) {
  return table.rows.empty() ? "" : to_html(table, sortable);
}

Table first_rows(Table table, std::size_t count) {
  if (table.rows.size() > count) {
    table.caption +=
        fmt::format(" (the first {} of {})", count_text(count), count_text(table.rows.size()));
    table.rows.resize(count);
    std::erase_if(table.emphasized, [&](std::size_t row) { return row >= count; });
  }
  return table;
}

std::string scrolled(const std::string& table, const char* label) {
  return table.empty() ? ""
                       : fmt::format(
                             "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                             "aria-label=\"{}\">{}</div>",
                             label, table);
}

std::string definition(const std::string& term, const std::string& html) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", term, html);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : " · ") + escape_html(part);
  return text;
}

}  // namespace frugal::report
