#include "report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/searches.h"

namespace frugal::report {
namespace {

constexpr std::size_t kMostHistories = 60;     // of each strategy: those of the best
constexpr std::size_t kMostEvaluations = 120;  // of one history

// Five digits: more are not seen, and take room.
Json rounded(double value) {
  return std::isfinite(value) ? Json(std::stod(fmt::format("{:.5g}", value))) : Json();
}

Json percent(double share) {
  return rounded(100 * share);
}

Json history_json(const std::vector<Evaluation>& history) {
  const std::size_t step = history.size() / kMostEvaluations + 1;
  Json rows = Json::array();
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (i % step != 0 && i + 1 != history.size()) continue;
    const Evaluation& each = history[i];
    rows.push_back({rounded(each.epochs), rounded(each.training_loss),
                    rounded(each.validation_loss), percent(each.validation_accuracy)});
  }
  return rows;
}

Json trial_json(const Trial& trial, bool with_history) {
  Json json = {{"id", trial.id},
               {"task", trial.task},
               {"cost", trial.cost},
               {"state", trial.state},
               {"assignments", trial.assignments},
               {"started_seconds", rounded(trial.started_seconds)},
               {"seconds", rounded(trial.seconds)}};
  for (Json& value : json["assignments"]) {
    if (value.is_boolean()) value = value.dump();
    if (value.is_number_float()) value = rounded(value.get<double>());
  }
  if (trial.state == "done" && trial.value) json["value"] = percent(*trial.value);
  const std::pair<const char*, double> measured[] = {{"cpu_seconds", trial.cpu_seconds},
                                                     {"device_seconds", trial.device_seconds},
                                                     {"machine_seconds", trial.machine_seconds},
                                                     {"peak_memory_bytes", trial.peak_memory_bytes},
                                                     {"dollars", trial.dollars}};
  for (const auto& [key, value] : measured)
    if (value > 0) json[key] = rounded(value);
  if (!trial.reason.empty()) json["reason"] = trial.reason;
  if (with_history && !trial.history.empty()) json["history"] = history_json(trial.history);
  return json;
}

std::vector<const Trial*> trials_of(const Answer& answer, const std::string& strategy) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : answer.trials)
    if (trial.strategy == strategy) trials.push_back(&trial);
  return trials;
}

Json search_json(const Answer& answer, const Search& search, std::size_t most) {
  std::vector<const Trial*> trials = trials_of(answer, search.strategy);
  Json json = {{"strategy", search.strategy},
               {"parameters", search.space.value("parameters", Json::array())},
               {"conditionals", search.space.value("conditionals", Json::array())},
               {"tasks", Json::array()},
               {"trials", Json::array()},
               {"count", trials.size()},
               {"insight", nullptr}};
  for (const SearchTask& task : search.tasks)
    json["tasks"].push_back({{"name", task.name}, {"cost", task.cost}});
  if (std::ranges::any_of(trials, [](const Trial* trial) { return trial->task == kLonger; }))
    json["tasks"].push_back({{"name", kLonger}, {"cost", 1}});
  std::ranges::stable_sort(trials, std::greater(), [](const Trial* trial) {
    return std::pair(trial->value.has_value() ? trial->cost : 0, trial->value.value_or(0));
  });
  if (trials.size() > most) trials.resize(most);
  for (std::size_t i = 0; i < trials.size(); ++i)
    json["trials"].push_back(trial_json(*trials[i], i < kMostHistories));
  return json;
}

Json arms_json(const Answer& answer, const Summary& summary) {
  Json arms = Json::array();
  for (const Row& row : summary.rows) {
    const Arm& arm = answer.arms[row.arm];
    const double seconds = arm.search_seconds + arm.run_seconds * static_cast<double>(row.seeds);
    Json json = {{"name", row.name},
                 {"strategy", arm.strategy},
                 {"tuned", arm.tuned},
                 {"minutes", rounded(seconds / 60)},
                 {"dollars", rounded(arm.dollars)},
                 {"validation", row.validation ? percent(row.validation->value) : Json()},
                 {"test", nullptr}};
    if (row.test)
      json["test"] = {{"value", percent(row.test->value)},
                      {"low", percent(row.test->interval->low)},
                      {"high", percent(row.test->interval->high)}};
    arms.push_back(std::move(json));
  }
  return arms;
}

// Of the winner, over all its seeds; null before the test part was opened.
Json confusions_json(const Answer& answer) {
  if (!answer.winner || answer.classes.size() < 2) return nullptr;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> counts;
  for (const SeedResult& seed : answer.arms[*answer.winner].seeds)
    for (std::size_t j = 0; j < seed.test_predictions.size(); ++j)
      ++counts[{answer.test_labels[j], seed.test_predictions[j]}];
  if (counts.empty()) return nullptr;
  Json cells = Json::array();
  for (const auto& [pair, count] : counts) cells.push_back({pair.first, pair.second, count});
  return {{"classes", answer.classes}, {"cells", cells}};
}

}  // namespace

Json page_data(const Answer& answer, const Summary& summary, const std::vector<Json>& insights) {
  const std::vector<Search> searches = searches_of(answer);
  Json json = {{"metric", kPercentMetric},
               {"began", answer.ended_at_seconds > 0
                             ? std::floor(answer.ended_at_seconds - answer.spent_seconds)
                             : 0},
               {"judged_task", judged_task(answer)},
               {"priced", answer.price_per_hour > 0},
               {"searches", Json::array()},
               {"arms", arms_json(answer, summary)},
               {"confusions", confusions_json(answer)}};
  for (std::size_t i = 0; i < searches.size(); ++i) {
    json["searches"].push_back(search_json(answer, searches[i], kMostTrials / searches.size()));
    if (i < insights.size()) json["searches"].back()["insight"] = insights[i];
  }
  return json;
}

Json page_data(const Study& study, const StudySummary& summary) {
  Json arms = Json::array();
  for (const StudyRow& row : summary.rows) {
    const StudyArm& arm = study.arms[row.arm];
    if (!row.test) continue;
    arms.push_back({{"name", arm.name},
                    {"strategy", arm.name},
                    {"tuned", arm.tuned},
                    {"minutes", rounded(row.seconds / 60)},
                    {"dollars", rounded(row.dollars)},
                    {"validation", nullptr},
                    {"test",
                     {{"value", percent(row.test->value)},
                      {"low", percent(row.test->interval->low)},
                      {"high", percent(row.test->interval->high)}}}});
  }
  return {{"metric", kPercentMetric},  {"began", 0},
          {"judged_task", ""},         {"priced", study.price_per_hour > 0},
          {"searches", Json::array()}, {"arms", arms},
          {"confusions", nullptr}};
}

std::string script_text(const Json& data) {
  const std::string json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (const char c : json)
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  return text;
}

}  // namespace frugal::report
