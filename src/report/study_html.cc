#include "report/study_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/html_parts.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_template.h"
#include "report/study_tables.h"
#include "report/svg_plot.h"

namespace frugal::report {
namespace {

constexpr double kWideRange = 20;  // of costs: shown on a logarithmic axis

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

std::string tradeoff_figure(const Study& study, const StudySummary& summary) {
  const bool priced = study.price_per_hour > 0;
  Plot plot{.id = "plot-cost",
            .title = "Test accuracy against cost",
            .description = "",
            .x_label = priced ? "Dollars a run" : "Minutes a run",
            .y_label = "Test accuracy, %",
            .percent_y = true,
            .labels_at_end = false,
            .series = {}};
  double least = INFINITY, most = 0;
  for (const StudyRow& row : summary.rows) {
    if (!row.test) continue;
    const double cost = priced ? row.dollars : row.seconds / 60;
    least = std::min(least, cost);
    most = std::max(most, cost);
    const std::string title =
        fmt::format("{}: {} % ({} %) for {}", study.arms[row.arm].name,
                    percent_text(row.test->value), percent_text(*row.test->interval),
                    priced ? dollars_text(cost) + " dollars" : duration_text(row.seconds));
    plot.series.push_back({.label = study.arms[row.arm].name,
                           .points = {{.x = cost,
                                       .y = row.test->value,
                                       .low = row.test->interval->low,
                                       .high = row.test->interval->high,
                                       .title = title}},
                           .colour = row.arm % kColours,
                           .join = Series::Join::kNone,
                           .marks = true,
                           .hollow = !study.arms[row.arm].tuned});
    plot.description += title + ". ";
  }
  plot.log_x = least > 0 && most / least > kWideRange;
  return to_svg(plot);
}

std::string html_report(const Study& study, const StudySummary& summary) {
  Values values = {
      {"title", escape_html(study.title)},
      {"state", study.finished ? "" : "not finished"},
      {"subtitle", subtitle(study)},
      {"sentence", sentence_html(summary.sentence)},
      {"figures", figures(study, summary)},
      {"arms", scrolled(html_unless_empty(arms_table(study, summary)), "Results")},
      {"pairs", scrolled(html_unless_empty(pairs_table(study, summary)), "Comparisons")},
      {"tradeoff", tradeoff_figure(study, summary)},
      {"setup_arms", scrolled(html_unless_empty(setup_table(study)), "The arms")},
      {"runs", scrolled(html_unless_empty(runs_table(study), true), "Runs")},
      {"command", escape_html(study.command_line)},
      {"setup", setup(study)},
      {"css", std::string(kPageCss)},
      {"css_hash", policy_hash(kPageCss)},
      {"js", std::string(kPageJs)},
      {"js_hash", policy_hash(kPageJs)}};
  for (const std::string& caution : summary.cautions)
    values["cautions"] += fmt::format("<li>{}</li>", sentence_html(caution));
  values.try_emplace("cautions");
  return fill_page(kStudyHtml, values);
}

}  // namespace frugal::report
