#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "report/numbers.h"
#include "report/task_agreement.h"

namespace frugal::report {
namespace {

constexpr double kSignificance = 0.05;
constexpr std::size_t kFewPhotographs = 100;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::string arm_name(const Arm& arm) {
  return fmt::format("{}, {}{}", arm.strategy, arm.tuned ? "tuned" : "untuned",
                     arm.longer ? ", longer" : "");
}

void append(const Answer& answer, const std::vector<std::size_t>& predictions,
            Correctness& correct) {
  if (predictions.empty()) return;
  FRUGAL_CHECK(predictions.size() == answer.test_labels.size());
  auto& row = correct.emplace_back(answer.test_labels.size());
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = predictions[j] == answer.test_labels[j];
}

// Of the seeds that were judged on the test set.
Correctness correctness(const Answer& answer, const Arm& arm) {
  Correctness correct;
  for (const SeedResult& seed : arm.seeds) append(answer, seed.test_predictions, correct);
  return correct;
}

// One fixed stream for each use: adding an arm changes no other arm's interval.
RandomStream stream(std::string_view purpose, std::size_t first, std::size_t second = 0) {
  return RandomStream(0).derive(purpose).derive(first).derive(second);
}

Row make_row(const Answer& answer, std::size_t index) {
  const Arm& arm = answer.arms[index];
  Row row{.arm = index,
          .name = arm_name(arm),
          .winner = answer.winner == index,
          .seeds = arm.seeds.size()};
  std::vector<double> validation, top5, f1;
  for (const SeedResult& seed : arm.seeds) {
    validation.push_back(seed.validation_accuracy);
    if (seed.test_predictions.empty()) continue;
    f1.push_back(macro_f1(answer.test_labels, seed.test_predictions));
    if (seed.test_top5) top5.push_back(*seed.test_top5);
  }
  if (!validation.empty()) {
    row.validation = Estimate{.value = mean(validation)};
    if (answer.data.validation > 0)
      row.validation->interval = seeds_interval(validation, answer.data.validation);
  }
  if (!f1.empty()) {
    const Correctness correct = correctness(answer, arm);
    row.test = Estimate{accuracy(correct), accuracy_interval(correct, stream("accuracy", index))};
    row.macro_f1 = mean(f1);
  }
  if (!top5.empty()) row.top5 = mean(top5);
  return row;
}

// A policy's open parameters are searched, and are no keys of the recipe.
bool tunes_augmentation(const Answer& answer, const Arm& arm) {
  const auto is_of_policy = [&](const Json& parameter) {
    return !arm.recipe.contains(parameter.at("name").get<std::string>());
  };
  return !arm.recipe.empty() &&
         std::any_of(answer.searches.begin(), answer.searches.end(), [&](const Search& search) {
           const Json parameters = search.space.value("parameters", Json::array());
           return search.strategy == arm.strategy &&
                  std::any_of(parameters.begin(), parameters.end(), is_of_policy);
         });
}

// What the tuned arm was made to find, when the untuned one is no worse; "" of other pairs.
std::string none_found(const Answer& answer, const Arm& first, const Arm& second) {
  if (!first.tuned || second.tuned || first.strategy != second.strategy) return "";
  return fmt::format("; a better recipe{}: none found",
                     tunes_augmentation(answer, first) ? " or augmentation" : "");
}

Gap make_gap(const Answer& answer, std::size_t first, std::size_t second) {
  const Correctness a = correctness(answer, answer.arms[first]);
  const Correctness b = correctness(answer, answer.arms[second]);
  Gap gap{.first = first,
          .second = second,
          .difference = accuracy(a) - accuracy(b),
          .interval = difference_interval(a, b, stream("difference", first, second)),
          .p_value = paired_test(a, b).mid_p};
  gap.distinguishable = !gap.interval.contains(0) && gap.p_value <= kSignificance;
  const std::string numbers =
      fmt::format("{} points, 95 % interval {}, {}", points_text(gap.difference),
                  points_text(gap.interval), p_equation(gap.p_value));
  const std::string names =
      fmt::format("{} against {}", arm_name(answer.arms[first]), arm_name(answer.arms[second]));
  const std::string none = none_found(answer, answer.arms[first], answer.arms[second]);
  const std::string verdict = !gap.distinguishable
                                  ? "no difference that this test set can show" + none
                              : gap.difference > 0 ? "better"
                                                   : "worse" + none;
  gap.sentence = fmt::format("{}: {} ({}).", names, verdict, numbers);
  return gap;
}

std::vector<Gap> make_gaps(const Answer& answer) {
  const auto judged = [&](std::size_t arm) {
    return !correctness(answer, answer.arms[arm]).empty();
  };
  std::vector<Gap> gaps;
  for (std::size_t tuned = 0; tuned < answer.arms.size(); ++tuned)
    for (std::size_t untuned = 0; untuned < answer.arms.size(); ++untuned)
      if (answer.arms[tuned].tuned && !answer.arms[tuned].longer && !answer.arms[untuned].tuned &&
          answer.arms[tuned].strategy == answer.arms[untuned].strategy && judged(tuned) &&
          judged(untuned))
        gaps.push_back(make_gap(answer, tuned, untuned));
  if (!answer.winner || !judged(*answer.winner)) return gaps;
  const std::string& strategy = answer.arms[*answer.winner].strategy;
  std::stable_partition(gaps.begin(), gaps.end(), [&](const Gap& gap) {
    return answer.arms[gap.first].strategy == strategy;
  });
  for (std::size_t other = 0; other < answer.arms.size(); ++other)
    if (answer.arms[other].tuned && !answer.arms[other].longer &&
        answer.arms[other].strategy != strategy && judged(other))
      gaps.push_back(make_gap(answer, *answer.winner, other));
  return gaps;
}

// ", 6 epochs at 112 × 144 pixels", of a run that has epochs.
std::string length_text(const Json& recipe) {
  if (recipe.value("strategy", "") != "fine-tune") return {};
  return fmt::format(", {:g} epochs at {} × {} pixels", recipe.at("epochs").get<double>(),
                     recipe.at("height").get<std::size_t>(), recipe.at("width").get<std::size_t>());
}

std::string kept_sentence(const Answer& answer) {
  if (!answer.refit || answer.refit->test_predictions.empty()) return {};
  Correctness refit;
  append(answer, answer.refit->test_predictions, refit);
  std::string text = fmt::format(
      "The model that is kept was trained by the winner's recipe once more, on training and "
      "validation photographs together ({}{}): {} % on test, 95 % interval {}",
      count_text(answer.refit->photographs), length_text(answer.refit->recipe),
      percent_text(accuracy(refit)), percent_text(accuracy_interval(refit, stream("refit", 0))));
  if (!answer.winner) return text + ".";
  const Correctness winner = correctness(answer, answer.arms[*answer.winner]);
  if (winner.empty()) return text + ".";
  const Interval interval = difference_interval(refit, winner, stream("refit", 1));
  const double p_value = paired_test(refit, winner).mid_p;
  const bool shown = !interval.contains(0) && p_value <= kSignificance;
  return text + fmt::format("; against the winner's own runs {} points, 95 % interval {}, {}{}.",
                            points_text(accuracy(refit) - accuracy(winner)), points_text(interval),
                            p_equation(p_value),
                            shown ? "" : ", which is no difference that this test set can show");
}

std::vector<Confusion> make_confusions(const Answer& answer) {
  if (!answer.winner) return {};
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts;
  std::map<std::size_t, std::size_t> totals;
  for (const SeedResult& seed : answer.arms[*answer.winner].seeds)
    for (std::size_t j = 0; j < seed.test_predictions.size(); ++j) {
      ++totals[answer.test_labels[j]];
      if (seed.test_predictions[j] != answer.test_labels[j])
        ++counts[{answer.test_labels[j], seed.test_predictions[j]}];
    }
  std::vector<Confusion> confusions;
  for (const auto& [pair, count] : counts)
    confusions.push_back({pair.first, pair.second, count, totals[pair.first]});
  std::stable_sort(confusions.begin(), confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return confusions;
}

// The commonest reason of failed trials: `"loss is not a number" (7 times)`.
std::string commonest_failure(const Answer& answer) {
  std::map<std::string, std::size_t> reasons;
  for (const Trial& trial : answer.trials)
    if (trial.state == "failed" && !trial.reason.empty()) ++reasons[trial.reason];
  if (reasons.empty()) return "";
  const auto most =
      std::max_element(reasons.begin(), reasons.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format(" The commonest reason: {} ({} of them).", most->first, most->second);
}

std::string sentence_without_test(const Answer& answer) {
  const Trial* best = nullptr;
  std::size_t done = 0, failed = 0;
  for (const Trial& trial : answer.trials) {
    failed += trial.state == "failed";
    if (trial.state != "done" || !trial.value) continue;
    ++done;
    if (best == nullptr ||
        std::pair(trial.cost, *trial.value) > std::pair(best->cost, *best->value))
      best = &trial;
  }
  const char* opening = answer.finished ? "There is no answer" : "Not finished, no answer yet";
  if (best != nullptr)
    return fmt::format(
        "{}: of {} trials that are done, the best on the {} task has a validation accuracy of {} % "
        "({}, trial {}). The test set has not been opened.",
        opening, done, best->task, percent_text(*best->value), best->strategy, best->id);
  if (failed > 0)
    return fmt::format("{}: {} of {} trials failed and none is done.{}", opening, failed,
                       answer.trials.size(), commonest_failure(answer));
  return fmt::format("{}: no trial is done.", opening);
}

std::string make_sentence(const Answer& answer, const Summary& summary) {
  if (!answer.winner || !summary.rows[*answer.winner].test) return sentence_without_test(answer);
  const Row& row = summary.rows[*answer.winner];
  const Arm& arm = answer.arms[*answer.winner];
  std::string who = arm.strategy;
  if (who == "features") who = "A classifier on frozen features";
  if (who == "fine-tune") who = "Fine-tuning";
  const std::string sentence = fmt::format(
      "{} with the {} recipe{} is right on {} % of the test photographs, which it had never seen "
      "(95 % interval {} %)",
      who, arm.tuned ? "tuned" : "untuned", arm.longer ? ", run for longer," : "",
      percent_text(row.test->value), percent_text(*row.test->interval));
  const auto gap = std::find_if(summary.gaps.begin(), summary.gaps.end(),
                                [&](const Gap& g) { return g.first == row.arm; });
  if (gap == summary.gaps.end()) return sentence + ".";
  const Arm& other = answer.arms[gap->second];
  const std::string whom =
      other.tuned ? summary.rows[gap->second].name : std::string("the untuned recipe");
  const std::string numbers =
      fmt::format("95 % interval {}, {}", points_text(gap->interval), p_equation(gap->p_value));
  if (gap->distinguishable)
    return fmt::format("{}, {:.1f} points {} {} ({}).", sentence, 100 * std::abs(gap->difference),
                       gap->difference > 0 ? "above" : "below", whom, numbers);
  return fmt::format(
      "{}. Against {} that is no difference that this test set can show ({} points, {}).", sentence,
      whom, points_text(gap->difference), numbers);
}

std::vector<std::string> make_cautions(const Answer& answer, const Summary& summary) {
  std::vector<std::string> cautions;
  if (answer.classes.size() == 1)
    cautions.emplace_back(
        "There is only one class: every classifier is always right, and an "
        "accuracy says nothing.");
  const std::size_t test = answer.data.test;
  if (test > 0 && test < kFewPhotographs)
    cautions.push_back(
        fmt::format("The test set holds only {}: its intervals are wide, and small "
                    "differences cannot be seen.",
                    plural(test, "photograph")));
  if (answer.winner && summary.rows[*answer.winner].seeds == 1)
    cautions.emplace_back(
        "The winner was run on one seed only: its interval covers other "
        "photographs, not other seeds.");
  if (answer.data.shared_content.value_or(0) > 0)
    cautions.push_back(
        fmt::format("{} of the same content in more than one part of the split: "
                    "the accuracies are too good to be true.",
                    plural(*answer.data.shared_content, "photograph")));
  if (answer.data.conflicting > 0)
    cautions.push_back(
        fmt::format("{} of identical photographs in different classes: some labels "
                    "must be wrong.",
                    plural(answer.data.conflicting, "group")));
  return cautions;
}

Json to_json(const Estimate& estimate) {
  Json json = {{"value", estimate.value}};
  if (estimate.interval) json["interval"] = {estimate.interval->low, estimate.interval->high};
  return json;
}

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(to_json(*value)) : Json();
}

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json agreements_json(const Summary& summary) {
  Json agreements = Json::array();
  for (const TaskAgreement& agreement : summary.agreements) {
    Json item = {{"strategy", agreement.strategy},
                 {"task", agreement.task},
                 {"cost", agreement.cost},
                 {"in_passing", agreement.in_passing},
                 {"pairs", agreement.pairs},
                 {"rank_correlation", optional_json(agreement.correlation)},
                 {"interval", Json()}};
    if (agreement.interval) item["interval"] = {agreement.interval->low, agreement.interval->high};
    agreements.push_back(std::move(item));
  }
  return agreements;
}

}  // namespace

double accounted_seconds(const Answer& answer) {
  double seconds = 0;
  for (const Stage& stage : answer.stages) seconds += stage.seconds;
  return seconds;
}

Summary summarize(const Answer& answer) {
  Summary summary;
  for (std::size_t i = 0; i < answer.arms.size(); ++i) summary.rows.push_back(make_row(answer, i));
  summary.gaps = make_gaps(answer);
  summary.confusions = make_confusions(answer);
  if (answer.winner) {
    const Row& row = summary.rows[*answer.winner];
    if (row.validation && row.validation->interval && row.test)
      summary.validation_to_test =
          Estimate{row.validation->value - row.test->value,
                   independent_difference_interval(row.validation->value, *row.validation->interval,
                                                   row.test->value, *row.test->interval)};
  }
  summary.agreements = task_agreements(answer);
  if (answer.spent_seconds > 0)
    summary.accounted_share = accounted_seconds(answer) / answer.spent_seconds;
  summary.sentence = make_sentence(answer, summary);
  summary.kept = kept_sentence(answer);
  summary.cautions = make_cautions(answer, summary);
  return summary;
}

Json to_json(const Summary& summary) {
  Json rows = Json::array(), gaps = Json::array();
  for (const Row& row : summary.rows)
    rows.push_back({{"name", row.name},
                    {"winner", row.winner},
                    {"seeds", row.seeds},
                    {"validation_accuracy", optional_json(row.validation)},
                    {"test_accuracy", optional_json(row.test)},
                    {"test_top5", optional_json(row.top5)},
                    {"macro_f1", optional_json(row.macro_f1)}});
  for (const Gap& gap : summary.gaps)
    gaps.push_back({{"first", summary.rows[gap.first].name},
                    {"second", summary.rows[gap.second].name},
                    {"difference", gap.difference},
                    {"interval", {gap.interval.low, gap.interval.high}},
                    {"p_value", gap.p_value},
                    {"distinguishable", gap.distinguishable},
                    {"sentence", gap.sentence}});
  return {{"sentence", summary.sentence},
          {"kept", summary.kept},
          {"cautions", summary.cautions},
          {"rows", rows},
          {"gaps", gaps},
          {"task_agreements", agreements_json(summary)},
          {"accounted_share", summary.accounted_share},
          {"validation_to_test", optional_json(summary.validation_to_test)}};
}

Json result_json(const Answer& answer) {
  Json json = to_json(answer);
  json["summary"] = to_json(summarize(answer));
  return json;
}

}  // namespace frugal::report
