#include "report/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "report/numbers.h"

namespace frugal::report {

std::string fill(std::string_view page, const Values& values) {
  std::string filled;
  while (true) {
    const std::size_t open = page.find("{{");
    filled += page.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const std::size_t close = page.find("}}", open);
    FRUGAL_CHECK(close != std::string_view::npos);
    std::string name(page.substr(open + 2, close - open - 2));
    page.remove_prefix(close + 2);
    const bool section = name.starts_with('#');
    if (section) name.erase(0, 1);
    const auto value = values.find(name);
    FRUGAL_CHECK(value != values.end(), name);
    if (!section) {
      filled += value->second;
      continue;
    }
    const std::string end = "{{/" + name + "}}";
    const std::size_t stop = page.find(end);
    FRUGAL_CHECK(stop != std::string_view::npos, name);
    if (!value->second.empty()) filled += fill(page.substr(0, stop), values);
    page.remove_prefix(stop + end.size());
  }
}

std::string policy_hash(std::string_view content) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string hex = sha256(content) + "00";  // 33 bytes: three hex digits make two of base64
  std::string encoded;
  for (std::size_t i = 0; i < hex.size(); i += 3) {
    const int bits = std::stoi(hex.substr(i, 3), nullptr, 16);
    encoded += kDigits[static_cast<std::size_t>(bits >> 6)];
    encoded += kDigits[static_cast<std::size_t>(bits & 63)];
  }
  encoded.back() = '=';
  return encoded;
}

std::string sentence_html(const std::string& sentence) {
  std::string html = escape_html(sentence);
  for (const std::string_view held : {" %", " = ", " &lt; "})
    for (std::size_t at = 0; (at = html.find(held, at)) != std::string::npos; at += held.size()) {
      if (held.ends_with(' ')) html.replace(at + held.size() - 1, 1, "&nbsp;");
      html.replace(at, 1, "&nbsp;");
    }
  return html;
}

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
