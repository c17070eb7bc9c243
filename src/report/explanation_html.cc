#include <fmt/format.h>

#include "report/explanation.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_template.h"

namespace frugal::report {
namespace {

std::string picture_html(const Picture& picture) {
  return fmt::format(
      "<li><img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\" "
      "loading=\"lazy\"><span>{}</span></li>\n",
      picture.jpeg, picture.width, picture.height, escape_html(picture.alt),
      escape_html(picture.caption));
}

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
  for (const PictureRow& row : finding.pictures) {
    html += fmt::format("<h3>{}</h3>\n<ul class=\"pictures\">\n", escape_html(row.heading));
    for (const Picture& picture : row.pictures) html += picture_html(picture);
    html += "</ul>\n";
  }
  for (const std::string& note : finding.notes)
    html += fmt::format("<p class=\"note\">{}</p>\n", sentence_html(note));
  if (finding.seconds >= 1)
    html += fmt::format("<p class=\"note\">It took {}.</p>\n", duration_text(finding.seconds));
  return html + "</section>\n";
}

}  // namespace

std::string html_explanation(const Explanation& explanation) {
  Values values = {
      {"title", escape_html(explanation.title)},
      {"subtitle", escape_html(explanation.network + " · " + explanation.photographs)},
      {"first", explanation.findings.empty() ? "repeat" : explanation.findings[0].question},
      {"command", escape_html(explanation.command_line)},
      {"css", std::string(kPageCss)},
      {"css_hash", policy_hash(kPageCss)},
      {"own_css", std::string(kExplainCss)},
      {"own_css_hash", policy_hash(kExplainCss)}};
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
