#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace frugal::report {
namespace {

constexpr std::string_view kGap = "  ";  // between columns of text
constexpr char kHeldSpace = '\x1F';      // printable() leaves none
constexpr std::size_t kNarrowest = 8;    // a text column is cut to this at most

// Byte length of the first `count` code points.
std::size_t prefix_bytes(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size()) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts && count-- == 0) break;
    ++at;
  }
  return at;
}

std::string fit(std::string_view text, std::size_t width, bool right) {
  std::string cell = printable(text);
  if (text_width(cell) > width)
    cell = cell.substr(0, prefix_bytes(cell, width > 0 ? width - 1 : 0)) + (width > 0 ? "…" : "");
  const std::string padding(width - std::min(width, text_width(cell)), ' ');
  return right ? padding + cell : cell + padding;
}

std::vector<std::size_t> shown_columns(const Table& table) {
  std::vector<std::size_t> shown;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (!table.columns[c].title.empty()) shown.push_back(c);
  return shown;
}

// What the widest text column gives up until the lines fit.
void narrow(std::vector<std::size_t>& widths, const Table& table,
            const std::vector<std::size_t>& shown, std::size_t limit) {
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), kGap.size() * (widths.size() - 1));
  };
  while (total() > limit) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < shown.size(); ++i)
      if (!table.columns[shown[i]].numeric && (widest == nullptr || widths[i] > *widest))
        widest = &widths[i];
    if (widest == nullptr || *widest <= kNarrowest) return;
    --*widest;
  }
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

void check(const Table& table) {
  for (const auto& row : table.rows) FRUGAL_CHECK(row.size() == table.columns.size(), table.name);
}

}  // namespace

std::size_t text_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string to_text(const Table& table, std::size_t width) {
  check(table);
  const auto shown = shown_columns(table);
  std::vector<std::size_t> widths;
  for (std::size_t c : shown) {
    widths.push_back(text_width(table.columns[c].title));
    for (const auto& row : table.rows)
      widths.back() = std::max(widths.back(), text_width(row[c].text));
  }
  narrow(widths, table, shown, width);
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t i = 0; i < shown.size(); ++i)
      text += fmt::format("{}{}", i > 0 ? kGap : "",
                          fit(cell(shown[i]), widths[i], table.columns[shown[i]].numeric));
    return trimmed(std::move(text));
  };
  std::string text = line([&](std::size_t c) { return table.columns[c].title; });
  for (const auto& row : table.rows) text += line([&](std::size_t c) { return row[c].text; });
  return text;
}

std::string to_markdown(const Table& table) {
  check(table);
  const auto shown = shown_columns(table);
  std::string head = "|", rule = "|", body;
  for (std::size_t c : shown) {
    head += fmt::format(" {} |", escape_markdown(table.columns[c].title));
    rule += table.columns[c].numeric ? "---:|" : "---|";
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const bool bold = std::binary_search(table.emphasized.begin(), table.emphasized.end(), r);
    body += "|";
    for (std::size_t c : shown) {
      const std::string cell = escape_markdown(table.rows[r][c].text);
      body += fmt::format(" {0}{1}{0} |", bold && !cell.empty() ? "**" : "", cell);
    }
    body += "\n";
  }
  return head + "\n" + rule + "\n" + body;
}

std::string to_csv(const Table& table) {
  check(table);
  std::string text;
  const auto line = [&](const auto& cell) {
    const char* separator = "";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      if (table.columns[c].key.empty()) continue;
      text += separator;
      text += csv_cell(cell(c));
      separator = ",";
    }
    text += "\r\n";
  };
  line([&](std::size_t c) { return table.columns[c].key; });
  for (const auto& row : table.rows) line([&](std::size_t c) { return row[c].data; });
  return text;
}

std::string to_html(const Table& table, bool sortable) {
  check(table);
  const auto shown = shown_columns(table);
  std::string html = fmt::format("<table{}><caption>{}</caption>\n<thead><tr>",
                                 sortable ? " data-sortable" : "", escape_html(table.caption));
  for (std::size_t c : shown)
    html += fmt::format("<th scope=col{}>{}</th>", table.columns[c].numeric ? " class=n" : "",
                        escape_html(table.columns[c].title));
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const bool strong = std::binary_search(table.emphasized.begin(), table.emphasized.end(), r);
    html += strong ? "<tr class=strong>" : "<tr>";
    for (std::size_t c : shown) {
      const Cell& cell = table.rows[r][c];
      const bool head = c == shown[0];
      html += head ? "<th scope=row" : "<td";
      if (table.columns[c].numeric) html += " class=n";
      html += fmt::format(">{}</{}>", escape_html(cell.text), head ? "th" : "td");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table>\n";
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string escape_markdown(std::string_view text) {
  std::string escaped;
  for (char c : printable(text)) {
    if (std::string_view("\\`*_[]<>|~").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return clean;
}

std::string wrapped(const std::string& paragraph, std::size_t width) {
  std::string text = printable(paragraph);
  for (const std::string_view held : {" %", " = ", " < "})  // never broken at these
    for (std::size_t at = 0; (at = text.find(held, at)) != std::string::npos; at += held.size())
      for (std::size_t i = at; i < at + held.size(); ++i)
        if (text[i] == ' ') text[i] = kHeldSpace;
  std::string lines, line;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && text_width(line) + 1 + text_width(word) > width) {
      lines += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  lines += line + "\n";
  std::replace(lines.begin(), lines.end(), kHeldSpace, ' ');
  return lines;
}

}  // namespace frugal::report
