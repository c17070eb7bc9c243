#include <fmt/format.h>

#include "report/explanation.h"
#include "report/html_parts.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_template.h"

namespace frugal::report {
namespace {

std::string finding_html(const Finding& finding) {
  std::string html = fmt::format("<section id=\"{}\" class=\"finding\">\n<h2>{}</h2>\n",
                                 escape_html(finding.question), escape_html(finding.title));
  html +=
      finding.why_not.empty()
          ? fmt::format("<p class=\"answer\">{}</p>\n", sentence_html(finding.answer))
          : fmt::format("<p class=\"why\">Not answered: {}</p>\n", sentence_html(finding.why_not));
  for (const Drawing& drawing : finding.drawings)
    html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", drawing.svg,
                        escape_html(drawing.caption));
  for (const Table& table : finding.tables)
    html += fmt::format(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div>\n",
        escape_html(table.name), to_html(table));
  for (const PictureRow& row : finding.pictures) html += pictures_html(row);
  for (const std::string& note : finding.notes)
    html += fmt::format("<p class=\"note\">{}</p>\n", sentence_html(note));
  if (finding.seconds >= 1)
    html += fmt::format("<p class=\"note\">It took {}.</p>\n", duration_text(finding.seconds));
  return html + "</section>\n";
}

}  // namespace

std::string html_explanation(const Explanation& explanation) {
  Values values = page_parts();
  values["title"] = escape_html(explanation.title);
  values["subtitle"] = escape_html(explanation.network + " · " + explanation.photographs);
  values["first"] = explanation.findings.empty() ? "repeat" : explanation.findings[0].question;
  values["command"] = escape_html(explanation.command_line);
  for (const Finding& finding : explanation.findings) {
    values["findings"] += finding_html(finding);
    values["contents"] += fmt::format("<li><a href=\"#{}\">{}</a></li>", finding.question,
                                      escape_html(finding.title));
  }
  values.try_emplace("findings");
  values.try_emplace("contents");
  return fill_page(kExplainHtml, values);
}

}  // namespace frugal::report
