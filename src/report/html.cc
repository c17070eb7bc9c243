#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/html_parts.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_data.h"
#include "report/page_template.h"
#include "report/searches.h"

namespace frugal::report {
namespace {

constexpr std::size_t kTrials = 200, kConfusions = 15, kBroken = 200;

std::string subtitle(const Answer& answer) {
  return joined({answer.network,
                 answer.data.photographs > 0 ? plural(answer.data.photographs, "photograph") : "",
                 !answer.classes.empty() ? count_text(answer.classes.size()) +
                                               (answer.classes.size() == 1 ? " class" : " classes")
                                         : "",
                 answer.budget.empty() ? "" : "budget " + answer.budget,
                 answer.ended_at_seconds > 0 ? date_text(answer.ended_at_seconds) : ""});
}

// The few numbers that everybody asks for.
std::string figures(const Answer& answer, const Summary& summary) {
  std::string html;
  if (answer.winner && summary.rows[*answer.winner].test) {
    const Estimate& test = *summary.rows[*answer.winner].test;
    html += definition("test accuracy",
                       fmt::format("{}&nbsp;% <small>{}</small>", percent_text(test.value),
                                   percent_text(*test.interval)));
    for (const Gap& gap : summary.gaps)
      if (gap.first == *answer.winner && !answer.arms[gap.second].tuned)
        html += definition("points over untuned",
                           fmt::format("{} <small>{}</small>", points_text(gap.difference),
                                       points_text(gap.interval)));
  }
  if (!answer.trials.empty()) html += definition("trials", count_text(answer.trials.size()));
  if (answer.spent_seconds > 0) html += definition("spent", duration_text(answer.spent_seconds));
  if (answer.price_per_hour > 0) html += definition("dollars", dollars_text(answer.spent_dollars));
  return html;
}

std::string data_text(const Answer& answer) {
  const DataSummary& data = answer.data;
  if (data.photographs == 0) return "";
  std::string text = fmt::format("{} in {} {}", plural(data.photographs, "photograph"),
                                 count_text(answer.classes.size()),
                                 answer.classes.size() == 1 ? "class" : "classes");
  if (data.max_per_class > 0)
    text += fmt::format(", {} to {} a class", count_text(data.min_per_class),
                        count_text(data.max_per_class));
  text += data.broken.empty()
              ? ". Every file could be read."
              : fmt::format(". {} could not be used.", plural(data.broken.size(), "file"));
  if (data.duplicates + data.near_duplicates == 0)
    return escape_html(text + " No two photographs are alike.");
  return escape_html(text + fmt::format(" Found: {} of identical photographs, {} of near-copies.",
                                        plural(data.duplicates, "group"),
                                        plural(data.near_duplicates, "group")));
}

std::string proof_text(const DataSummary& data) {
  std::string text;
  if (data.shared_content)
    text = *data.shared_content == 0
               ? "Disjoint by content: no photograph’s content hash stands in two parts."
               : fmt::format("Not disjoint: the content of {} stands in two parts.",
                             plural(*data.shared_content, "photograph"));
  if (!text.empty())
    text +=
        fmt::format(" Stratified by class with seed {}, before any augmentation.", data.split_seed);
  if (!data.split_hash.empty())
    text += fmt::format(" The stored split’s SHA-256: {}.", data.split_hash);
  return escape_html(text);
}

std::string validation_gap_text(const Summary& summary) {
  if (!summary.validation_to_test) return "";
  const Estimate& gap = *summary.validation_to_test;
  std::string text = fmt::format(
      "Validation accuracy minus test accuracy of the winner: {} points (95 % interval {}). ",
      points_text(gap.value), points_text(*gap.interval));
  if (gap.interval->contains(0))
    text += "That is within chance: the search did not visibly learn the validation set by heart.";
  else if (gap.value > 0)
    text += "The search has fitted itself to the validation set; believe the test accuracy.";
  else
    text += "The test set is the easier one; the accuracy on other photographs may be lower.";
  return sentence_html(text);
}

std::string setup(const Answer& answer) {
  std::string html;
  const auto add = [&](const char* term, const std::string& text) {
    if (!text.empty()) html += definition(term, escape_html(text));
  };
  add("Data", answer.data.path);
  add("Network", answer.network);
  add("Weights", answer.weights);
  add("Budget", answer.budget);
  add("Machine", answer.machine);
  add("Workers", std::to_string(answer.workers));
  if (answer.price_per_hour > 0)
    add("Price", fmt::format("{} dollars an hour{}{}", dollars_text(answer.price_per_hour),
                             answer.price.empty() ? "" : ": ", answer.price));
  std::string seeds;
  if (answer.winner)
    for (const SeedResult& result : answer.arms[*answer.winner].seeds)
      seeds += fmt::format("{}{}", seeds.empty() ? "" : ", ", result.seed);
  add("Seeds", seeds);
  add("Frugal", answer.version);
  return html;
}

// Of the sections that are there. Those of charts alone appear with the script.
std::string contents(const Values& values) {
  struct Section {
    const char *name, *heading;
    bool scripted = false;
  };
  static constexpr Section kSections[] = {{"results", "Results"},
                                          {"tradeoff", "Accuracy against cost", true},
                                          {"search", "The search", true},
                                          {"curves", "Learning curves", true},
                                          {"parameters", "Parameters"},
                                          {"recipe", "Recipe"},
                                          {"augmentation", "Augmentation"},
                                          {"confusions", "Confusions"},
                                          {"mistakes", "Mistakes"},
                                          {"explained", "Explained"},
                                          {"data", "Data and split"},
                                          {"agreement", "Cheap tasks"},
                                          {"costs", "Cost"},
                                          {"trials", "Trials"}};
  std::string html;
  for (const Section& section : kSections)
    if (!values.at(section.name).empty())
      html +=
          fmt::format("<li{}><a href=\"#{}\">{}</a></li>",
                      section.scripted ? " class=\"charts\"" : "", section.name, section.heading);
  return html + "<li><a href=\"#repeat\">How to repeat it</a></li>";
}

std::string augmentation_html(const Illustrations& illustrations) {
  if (!illustrations.augmented) return escape_html(illustrations.policy);
  const Picture& sheet = *illustrations.augmented;
  return fmt::format(
      "<figure class=\"sheet\"><img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" "
      "alt=\"{}\"><figcaption>{}</figcaption></figure>",
      sheet.jpeg, sheet.width, sheet.height, escape_html(sheet.alt), escape_html(sheet.caption));
}

std::string findings_html(const std::vector<Finding>& findings) {
  std::string html;
  for (const Finding& finding : findings) {
    if (!finding.why_not.empty()) continue;
    html += fmt::format("<h3>{}</h3>\n<p>{}</p>\n<details><summary>How it was measured</summary>\n",
                        escape_html(finding.title), sentence_html(finding.answer));
    for (const Drawing& drawing : finding.drawings)
      html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", drawing.svg,
                          escape_html(drawing.caption));
    for (const Table& table : finding.tables)
      html += scrolled(html_unless_empty(table), "Measurements");
    for (const std::string& note : finding.notes)
      html += fmt::format("<p class=\"note\">{}</p>\n", sentence_html(note));
    html += "</details>\n";
  }
  return html;
}

// The best trials first, and no more of them than one reads on paper.
Answer with_best_trials(const Answer& answer) {
  Answer shown = answer;
  std::stable_sort(shown.trials.begin(), shown.trials.end(), [](const Trial& a, const Trial& b) {
    return std::pair(a.value.has_value() ? a.cost : 0, a.value.value_or(0)) >
           std::pair(b.value.has_value() ? b.cost : 0, b.value.value_or(0));
  });
  shown.trials.resize(std::min(kTrials, shown.trials.size()));
  return shown;
}

std::string trials_note(std::size_t trials) {
  std::string note = plural(trials, "trial") + ".";
  if (trials > kMostTrials)
    note += fmt::format(" The best {} of them are here.", count_text(kMostTrials));
  return note + " All stand in result.json.";
}

std::string lacking(const Illustrations& illustrations) {
  return illustrations.insights.empty()
             ? "<code>frugal report</code> of the run’s folder adds what takes longer to find out: "
               "which parameters mattered, pictures of the mistakes, the augmentation."
             : "";
}

bool has_curves(const Answer& answer) {
  return std::any_of(answer.trials.begin(), answer.trials.end(),
                     [](const Trial& trial) { return trial.value && trial.history.size() > 1; });
}

Values sections(const Answer& answer, const Summary& summary, const Illustrations& illustrations) {
  const std::string task = judged_task(answer);
  const auto searches = searches_of(answer);
  std::string mistakes;
  for (const PictureRow& row : illustrations.mistakes) mistakes += pictures_html(row);
  const bool is_judged = std::any_of(summary.rows.begin(), summary.rows.end(),
                                     [](const Row& row) { return row.test.has_value(); });
  return {{"results", scrolled(html_unless_empty(results_table(answer, summary)), "Results")},
          {"gaps", scrolled(html_unless_empty(gaps_table(answer, summary)), "Comparisons")},
          {"tradeoff", is_judged ? "shown" : ""},
          {"search", task.empty() ? "" : "shown"},
          {"search_task", escape_html(task)},
          {"baseline", answer.arms.empty() ? "" : "shown"},
          {"curves", has_curves(answer) ? "shown" : ""},
          {"parameters", task.empty() ? "" : "shown"},
          {"importances",
           scrolled(html_unless_empty(importances_table(searches, illustrations.insights)),
                    "Importances")},
          {"recipe", scrolled(html_unless_empty(recipe_table(answer)), "Recipe")},
          {"augmentation", augmentation_html(illustrations)},
          {"confusions",
           scrolled(html_unless_empty(first_rows(confusions_table(answer, summary), kConfusions)),
                    "Confusions")},
          {"mistakes", mistakes},
          {"explained", findings_html(illustrations.findings)},
          {"data", data_text(answer)},
          {"split", scrolled(html_unless_empty(split_table(answer)), "Split")},
          {"proof", proof_text(answer.data)},
          {"validation_gap", validation_gap_text(summary)},
          {"broken", html_unless_empty(first_rows(broken_table(answer), kBroken))},
          {"agreement", html_unless_empty(agreements_table(answer, summary))},
          {"costs", scrolled(html_unless_empty(costs_table(answer)), "Costs") +
                        scrolled(html_unless_empty(work_table(answer)), "Work")},
          {"trials", html_unless_empty(trials_table(with_best_trials(answer)))},
          {"trials_note", trials_note(answer.trials.size())},
          {"trials_left_out",
           answer.trials.size() > kTrials ? fmt::format("The best {}.", count_text(kTrials)) : ""}};
}

}  // namespace

std::string html_report(const Answer& answer, const Summary& summary,
                        const Illustrations& illustrations) {
  Values values = page_parts();
  add_front_end(values, page_data(answer, summary, illustrations.insights));
  values.merge(sections(answer, summary, illustrations));
  values.merge(Values{{"title", escape_html(answer.title)},
                      {"state", answer.finished ? "" : "not finished"},
                      {"subtitle", subtitle(answer)},
                      {"sentence", sentence_html(summary.sentence)},
                      {"figures", figures(answer, summary)},
                      {"kept", summary.kept.empty() ? "" : sentence_html(summary.kept)},
                      {"command", escape_html(answer.command_line)},
                      {"lacking", answer.trials.empty() ? "" : lacking(illustrations)},
                      {"setup", setup(answer)}});
  for (const std::string& caution : summary.cautions)
    values["cautions"] += fmt::format("<li>{}</li>", sentence_html(caution));
  values.try_emplace("cautions");
  values["contents"] = contents(values);
  return fill_page(kPageHtml, values);
}

}  // namespace frugal::report
