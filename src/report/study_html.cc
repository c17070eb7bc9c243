#include "report/study_html.h"

#include <fmt/format.h>

#include "report/html_parts.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_data.h"
#include "report/page_template.h"
#include "report/study_tables.h"

namespace frugal::report {
namespace {

std::string subtitle(const Study& study) {
  return joined({plural(study.arms.size(), "arm"), plural(study.data.photographs, "photograph"),
                 count_text(study.classes.size()) + " classes", "budget " + study.budget + " a run",
                 study.ended_at_seconds > 0 ? date_text(study.ended_at_seconds) : ""});
}

std::string figures(const Study& study, const StudySummary& summary) {
  std::string html;
  if (summary.ahead) {
    const Estimate& test = *summary.rows[*summary.ahead].test;
    html += definition("most accurate on test",
                       fmt::format("{}&nbsp;% <small>{}</small>", percent_text(test.value),
                                   percent_text(*test.interval)));
  }
  std::size_t done = 0;
  for (const StudyRow& row : summary.rows) done += row.done;
  html += definition("runs done", count_text(done));
  html += definition("spent", duration_text(summary.seconds));
  if (study.price_per_hour > 0) html += definition("dollars", dollars_text(summary.dollars));
  return html;
}

std::string setup(const Study& study) {
  std::string html;
  const auto add = [&](const char* term, const std::string& text) {
    if (!text.empty()) html += definition(term, escape_html(text));
  };
  add("Data", study.data.path);
  add("Split", fmt::format("{} to train on, {} to validate, {} to test; SHA-256 {}",
                           count_text(study.data.train), count_text(study.data.validation),
                           count_text(study.data.test), study.data.split_hash));
  add("Budget", study.budget + " for each arm and seed");
  add("Before", fmt::format("checking and splitting took {}; no arm pays for it",
                            duration_text(study.shared_seconds)));
  add("Machine", study.machine);
  if (study.price_per_hour > 0)
    add("Price", fmt::format("{} dollars an hour{}{}", dollars_text(study.price_per_hour),
                             study.price.empty() ? "" : ": ", study.price));
  add("Frugal", study.version);
  return html;
}

}  // namespace

std::string html_report(const Study& study, const StudySummary& summary) {
  Values values = page_parts();
  add_front_end(values, page_data(study, summary));
  values.merge(
      Values{{"title", escape_html(study.title)},
             {"state", study.finished ? "" : "not finished"},
             {"subtitle", subtitle(study)},
             {"sentence", sentence_html(summary.sentence)},
             {"figures", figures(study, summary)},
             {"arms", scrolled(html_unless_empty(arms_table(study, summary)), "Results")},
             {"pairs", scrolled(html_unless_empty(pairs_table(study, summary)), "Comparisons")},
             {"tradeoff", summary.ahead ? "shown" : ""},
             {"setup_arms", scrolled(html_unless_empty(setup_table(study)), "The arms")},
             {"runs", scrolled(html_unless_empty(runs_table(study), true), "Runs")},
             {"command", escape_html(study.command_line)},
             {"setup", setup(study)}});
  for (const std::string& caution : summary.cautions)
    values["cautions"] += fmt::format("<li>{}</li>", sentence_html(caution));
  values.try_emplace("cautions");
  return fill_page(kStudyHtml, values);
}

}  // namespace frugal::report
