#include "report/page_template.h"

#include "base/base64.h"
#include "base/error.h"
#include "base/file.h"
#include "report/table.h"

namespace frugal::report {

std::string fill_page(std::string_view page, const Values& values) {
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
    if (!value->second.empty()) filled += fill_page(page.substr(0, stop), values);
    page.remove_prefix(stop + end.size());
  }
}

std::string policy_hash(std::string_view content) {
  const std::string hex = sha256(content);
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return base64(bytes);
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

}  // namespace frugal::report
