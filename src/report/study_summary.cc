#include "report/study_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

constexpr double kSignificance = 0.05;
constexpr std::size_t kFewPhotographs = 100;
constexpr double kCheap = 0.8;  // of the dearest arm's cost: worth a word
constexpr double kShort = 0.5;  // of the longest training, that is worth a word

RandomStream stream(std::string_view purpose, std::size_t first, std::size_t second = 0) {
  return RandomStream(0).derive(purpose).derive(first).derive(second);
}

Correctness correctness(const Study& study, std::size_t arm) {
  Correctness correct;
  for (const StudyRun& run : study.arms[arm].runs) {
    if (run.test_predictions.empty()) continue;
    auto& row = correct.emplace_back(study.test_labels.size());
    for (std::size_t j = 0; j < row.size(); ++j)
      row[j] = run.test_predictions[j] == study.test_labels[j];
  }
  return correct;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

StudyRow make_row(const Study& study, std::size_t index) {
  StudyRow row{.arm = index};
  std::vector<double> top5, f1, seconds;
  for (const StudyRun& run : study.arms[index].runs) {
    row.failed += run.state == "failed";
    if (run.test_predictions.empty()) continue;
    f1.push_back(macro_f1(study.test_labels, run.test_predictions));
    seconds.push_back(run.seconds);
    if (run.test_top5) top5.push_back(*run.test_top5);
  }
  row.done = f1.size();
  if (f1.empty()) return row;
  const Correctness correct = correctness(study, index);
  row.test = Estimate{accuracy(correct), accuracy_interval(correct, stream("accuracy", index))};
  row.macro_f1 = mean(f1);
  if (!top5.empty()) row.top5 = mean(top5);
  row.seconds = mean(seconds);
  row.dollars = row.seconds / 3600 * study.price_per_hour;
  return row;
}

std::optional<Estimate> error_reduction(const Correctness& first, const Correctness& second,
                                        RandomStream random) {
  const double before = 1 - accuracy(second);
  if (before <= 0) return {};
  return Estimate{1 - (1 - accuracy(first)) / before,
                  error_reduction_interval(first, second, random)};
}

void measure_against_baseline(const Study& study, StudyRow& row) {
  if (row.arm == study.baseline || !row.test) return;
  const Correctness own = correctness(study, row.arm), base = correctness(study, study.baseline);
  if (base.empty()) return;
  row.points = Estimate{accuracy(own) - accuracy(base),
                        difference_interval(own, base, stream("points", row.arm))};
  row.error_reduction = error_reduction(own, base, stream("errors", row.arm));
}

StudyGap make_gap(const Study& study, std::size_t first, std::size_t second) {
  const Correctness a = correctness(study, first), b = correctness(study, second);
  return {.first = first,
          .second = second,
          .difference = accuracy(a) - accuracy(b),
          .interval = difference_interval(a, b, stream("difference", first, second)),
          .error_reduction = error_reduction(a, b, stream("reduction", first, second)),
          .p_value = paired_test(a, b).mid_p};
}

// The arms that have results, the most accurate first.
std::vector<std::size_t> ranked(const StudySummary& summary) {
  std::vector<std::size_t> arms;
  for (const StudyRow& row : summary.rows)
    if (row.test) arms.push_back(row.arm);
  std::stable_sort(arms.begin(), arms.end(), [&](std::size_t a, std::size_t b) {
    return summary.rows[a].test->value > summary.rows[b].test->value;
  });
  return arms;
}

std::vector<StudyGap> make_gaps(const Study& study, const std::vector<std::size_t>& ranking) {
  std::vector<StudyGap> gaps;
  std::vector<double> p_values;
  for (std::size_t i = 0; i < ranking.size(); ++i)
    for (std::size_t j = i + 1; j < ranking.size(); ++j) {
      gaps.push_back(make_gap(study, ranking[i], ranking[j]));
      p_values.push_back(gaps.back().p_value);
    }
  const std::vector<double> adjusted = holm(p_values);
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    gaps[i].adjusted_p = adjusted[i];
    gaps[i].distinguishable = !gaps[i].interval.contains(0) && adjusted[i] <= kSignificance;
  }
  return gaps;
}

std::string quoted(const Study& study, std::size_t arm) {
  return fmt::format("“{}”", study.arms[arm].name);
}

// "“a”, “b” and “c”"
std::string listed(const Study& study, const std::vector<std::size_t>& arms) {
  std::string text;
  for (std::size_t i = 0; i < arms.size(); ++i)
    text += (i == 0 ? "" : i + 1 == arms.size() ? " and " : ", ") + quoted(study, arms[i]);
  return text;
}

std::size_t runs(const Study& study, const std::set<std::string>& states) {
  std::size_t count = 0;
  for (const StudyArm& arm : study.arms)
    for (const StudyRun& run : arm.runs) count += states.contains(run.state);
  return count;
}

std::string opening(const Study& study) {
  const std::size_t all = runs(study, {"waiting", "begun", "done", "failed"});
  if (study.finished) return "";
  return fmt::format("Not finished ({} of {} are done): ", runs(study, {"done"}),
                     plural(all, "run"));
}

std::string make_sentence(const Study& study, const StudySummary& summary) {
  if (!summary.ahead)
    return opening(study) + (study.finished ? "There is no answer: no run has ended well."
                                            : "no run has ended well yet.");
  const Estimate& best = *summary.rows[*summary.ahead].test;
  const std::string who = fmt::format(
      "{}{} is right on {} % of the test photographs (95 % interval {} %)", opening(study),
      quoted(study, *summary.ahead), percent_text(best.value), percent_text(*best.interval));
  std::vector<std::size_t> behind, alike;
  for (const StudyGap& gap : summary.gaps)
    if (gap.first == *summary.ahead) (gap.distinguishable ? behind : alike).push_back(gap.second);
  if (behind.empty() && alike.empty()) return who + "; no other arm has a result to compare.";
  if (alike.empty()) return fmt::format("{} and is ahead of {}.", who, listed(study, behind));
  if (behind.empty())
    return fmt::format(
        "{}, the most, but no arm is shown to be ahead: {} {} not distinguishable from it.", who,
        listed(study, alike), alike.size() == 1 ? "is" : "are");
  return fmt::format("{} and is ahead of {}; {} {} not distinguishable from it.", who,
                     listed(study, behind), listed(study, alike), alike.size() == 1 ? "is" : "are");
}

void warn_of_arm(const Study& study, const StudyRow& row, double dearest,
                 std::vector<std::string>& cautions) {
  const StudyArm& arm = study.arms[row.arm];
  if (!arm.note.empty())
    cautions.push_back(fmt::format("{}: {}.", quoted(study, row.arm), arm.note));
  for (const StudyRun& run : arm.runs)
    if (run.state == "failed")
      cautions.push_back(
          fmt::format("{}, seed {} failed: {}", quoted(study, row.arm), run.seed, run.reason));
  if (row.test && row.seconds < kCheap * dearest)
    cautions.push_back(fmt::format("{} cost {} a run, {} % of the dearest arm: it {}.",
                                   quoted(study, row.arm), duration_text(row.seconds),
                                   percent_text(row.seconds / dearest), arm.spends));
}

// Of the models that an arm that fine-tunes delivered.
std::optional<double> mean_epochs(const StudyArm& arm) {
  double sum = 0, count = 0;
  for (const StudyRun& run : arm.runs)
    if (run.state == "done" && run.recipe.contains("epochs")) {
      sum += run.recipe.at("epochs").get<double>();
      ++count;
    }
  if (arm.strategy != "fine-tune" || count == 0) return {};
  return sum / count;
}

// Equal cost is not equal training: a search may leave its winner a fraction of the time.
void warn_of_short_models(const Study& study, std::vector<std::string>& cautions) {
  std::size_t longest = 0;
  double most = 0;
  for (std::size_t a = 0; a < study.arms.size(); ++a)
    if (const auto epochs = mean_epochs(study.arms[a]); epochs && *epochs > most) {
      most = *epochs;
      longest = a;
    }
  for (std::size_t a = 0; a < study.arms.size(); ++a) {
    const auto epochs = mean_epochs(study.arms[a]);
    if (!epochs || !study.arms[a].tuned || *epochs >= kShort * most) continue;
    cautions.push_back(fmt::format(
        "The models of {} were trained for {:.2g} {}, those of {} for {:.2g}: its search took the "
        "time.",
        quoted(study, a), *epochs, *epochs == 1 ? "epoch" : "epochs", quoted(study, longest),
        most));
  }
}

std::vector<std::string> make_cautions(const Study& study, const StudySummary& summary) {
  std::vector<std::string> cautions;
  if (study.test_labels.size() < kFewPhotographs && !study.test_labels.empty())
    cautions.push_back(
        fmt::format("The test part holds only {}: the intervals are wide, and small differences "
                    "cannot be seen.",
                    plural(study.test_labels.size(), "photograph")));
  double dearest = 0;
  std::size_t most = 0;
  for (const StudyRow& row : summary.rows) {
    dearest = std::max(dearest, row.seconds);
    most = std::max(most, row.done);
  }
  if (most == 1)
    cautions.emplace_back(
        "Every arm has run on one seed only: the intervals cover other photographs, not other "
        "seeds.");
  for (const StudyRow& row : summary.rows) warn_of_arm(study, row, dearest, cautions);
  warn_of_short_models(study, cautions);
  return cautions;
}

Json to_json(const std::optional<Estimate>& estimate) {
  if (!estimate) return {};
  return {{"value", estimate->value},
          {"interval", {estimate->interval->low, estimate->interval->high}}};
}

Json number(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json to_json(const Study& study, const StudySummary& summary) {
  Json rows = Json::array(), gaps = Json::array(), cautions = summary.cautions;
  for (const StudyRow& row : summary.rows)
    rows.push_back({{"name", study.arms[row.arm].name},
                    {"done", row.done},
                    {"failed", row.failed},
                    {"test_accuracy", to_json(row.test)},
                    {"test_top5", number(row.top5)},
                    {"macro_f1", number(row.macro_f1)},
                    {"points_over_baseline", to_json(row.points)},
                    {"error_reduction", to_json(row.error_reduction)},
                    {"seconds", row.seconds},
                    {"dollars", row.dollars}});
  for (const StudyGap& gap : summary.gaps)
    gaps.push_back({{"first", study.arms[gap.first].name},
                    {"second", study.arms[gap.second].name},
                    {"difference", gap.difference},
                    {"interval", {gap.interval.low, gap.interval.high}},
                    {"error_reduction", to_json(gap.error_reduction)},
                    {"p_value", gap.p_value},
                    {"adjusted_p", gap.adjusted_p},
                    {"distinguishable", gap.distinguishable}});
  return {{"sentence", summary.sentence},
          {"cautions", cautions},
          {"arms", rows},
          {"comparisons", gaps},
          {"seconds", summary.seconds},
          {"dollars", summary.dollars},
          {"ahead", summary.ahead ? Json(study.arms[*summary.ahead].name) : Json()}};
}

}  // namespace

StudySummary summarize(const Study& study) {
  StudySummary summary;
  for (std::size_t arm = 0; arm < study.arms.size(); ++arm)
    summary.rows.push_back(make_row(study, arm));
  for (StudyRow& row : summary.rows) measure_against_baseline(study, row);
  const std::vector<std::size_t> ranking = ranked(summary);
  if (!ranking.empty()) summary.ahead = ranking.front();
  summary.gaps = make_gaps(study, ranking);
  summary.seconds = study.shared_seconds;
  for (const StudyArm& arm : study.arms)
    for (const StudyRun& run : arm.runs) summary.seconds += run.seconds;
  summary.dollars = summary.seconds / 3600 * study.price_per_hour;
  summary.sentence = make_sentence(study, summary);
  summary.cautions = make_cautions(study, summary);
  return summary;
}

Json result_json(const Study& study) {
  Json json = to_json(study);
  json["kind"] = "study";
  json["summary"] = to_json(study, summarize(study));
  return json;
}

}  // namespace frugal::report
