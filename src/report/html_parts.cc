#include "report/html_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "bundle/bundle.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_data.h"

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

std::string pictures_html(const PictureRow& row) {
  std::string html =
      fmt::format("<h3>{}</h3>\n<ul class=\"pictures\">\n", escape_html(row.heading));
  for (const Picture& picture : row.pictures)
    html += fmt::format(
        "<li><img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">"
        "<span>{}</span></li>\n",
        picture.jpeg, picture.width, picture.height, escape_html(picture.alt),
        escape_html(picture.caption));
  return html + "</ul>\n";
}

Values page_parts() {
  const std::string css = std::string(bundle::kCss) + std::string(kPageCss);
  return {{"css", css},
          {"css_hash", policy_hash(css)},
          {"js", std::string(kPageJs)},
          {"js_hash", policy_hash(kPageJs)}};
}

void add_front_end(Values& values, const Json& data) {
  values["page_data"] = script_text(data);
  values["front_end"] = std::string(bundle::kJs);
  values["front_end_hash"] = policy_hash(bundle::kJs);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : " · ") + escape_html(part);
  return text;
}

}  // namespace frugal::report
