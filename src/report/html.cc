#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figures.h"
#include "report/format.h"
#include "report/html_parts.h"
#include "report/numbers.h"
#include "report/page.h"
#include "report/page_template.h"

namespace frugal::report {
namespace {

constexpr std::size_t kTrials = 2000, kConfusions = 15, kBroken = 200;

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

std::string contents(const Values& values) {
  static constexpr std::pair<const char*, const char*> kSections[] = {
      {"results", "Results"},
      {"search", "The search"},
      {"tradeoff", "Accuracy against cost"},
      {"recipe", "Recipe"},
      {"curves", "Learning curves"},
      {"confusions", "Confusions"},
      {"data", "Data and split"},
      {"agreement", "Cheap tasks"},
      {"costs", "Cost"},
      {"trials", "Trials"}};
  std::string html;
  for (const auto& [name, heading] : kSections)
    if (!values.at(name).empty())
      html += fmt::format("<li><a href=\"#{}\">{}</a></li>", name, heading);
  return html + "<li><a href=\"#repeat\">How to repeat it</a></li>";
}

// The best trials, when there are too many for one page.
Answer with_best_trials(const Answer& answer) {
  Answer shown = answer;
  std::stable_sort(shown.trials.begin(), shown.trials.end(), [](const Trial& a, const Trial& b) {
    return std::pair(a.value.has_value() ? a.cost : 0, a.value.value_or(0)) >
           std::pair(b.value.has_value() ? b.cost : 0, b.value.value_or(0));
  });
  shown.trials.resize(kTrials);
  return shown;
}

}  // namespace

std::string html_report(const Answer& answer, const Summary& summary) {
  const bool all = answer.trials.size() <= kTrials;
  Values values = {
      {"title", escape_html(answer.title)},
      {"state", answer.finished ? "" : "not finished"},
      {"subtitle", subtitle(answer)},
      {"sentence", sentence_html(summary.sentence)},
      {"figures", figures(answer, summary)},
      {"results", scrolled(html_unless_empty(results_table(answer, summary)), "Results")},
      {"gaps", scrolled(html_unless_empty(gaps_table(answer, summary)), "Comparisons")},
      {"search", search_figure(answer, summary)},
      {"search_task", escape_html(judged_task(answer))},
      {"baseline", answer.arms.empty() ? "" : "shown"},
      {"tradeoff", tradeoff_figure(answer, summary)},
      {"recipe", html_unless_empty(recipe_table(answer))},
      {"curves", curves_figure(answer)},
      {"confusions", html_unless_empty(first_rows(confusions_table(answer, summary), kConfusions))},
      {"data", data_text(answer)},
      {"split", html_unless_empty(split_table(answer))},
      {"proof", proof_text(answer.data)},
      {"validation_gap", validation_gap_text(summary)},
      {"kept", summary.kept.empty() ? "" : sentence_html(summary.kept)},
      {"broken", html_unless_empty(first_rows(broken_table(answer), kBroken))},
      {"agreement", html_unless_empty(agreements_table(answer, summary))},
      {"costs", html_unless_empty(costs_table(answer)) + html_unless_empty(work_table(answer))},
      {"trials", html_unless_empty(trials_table(all ? answer : with_best_trials(answer)), true)},
      {"trials_note", all ? plural(answer.trials.size(), "trial") + "."
                          : fmt::format("The best {} of {}.", count_text(kTrials),
                                        plural(answer.trials.size(), "trial"))},
      {"command", escape_html(answer.command_line)},
      {"setup", setup(answer)},
      {"css", std::string(kPageCss)},
      {"css_hash", policy_hash(kPageCss)},
      {"js", std::string(kPageJs)},
      {"js_hash", policy_hash(kPageJs)}};
  for (const std::string& caution : summary.cautions)
    values["cautions"] += fmt::format("<li>{}</li>", sentence_html(caution));
  values.try_emplace("cautions");
  values["contents"] = contents(values);
  return fill_page(kPageHtml, values);
}

}  // namespace frugal::report
