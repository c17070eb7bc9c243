#include "report/searches.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "experiment/history.h"
#include "optimizer/insight.h"
#include "report/cells.h"
#include "report/numbers.h"

namespace frugal::report {
namespace {

constexpr std::size_t kCurves = 8;        // of the parameters that mattered most
constexpr double kLogarithmic = 100;      // a range that wide is taken for a logarithmic one
constexpr std::size_t kMostTaught = 600;  // trials that a model is fitted to

// A parameter that took these values; null for one that never varied.
Json seen_parameter(const std::string& name, const std::vector<Json>& values) {
  if (!std::ranges::all_of(values, [](const Json& value) { return value.is_number(); })) {
    std::set<std::string> categories;
    for (const Json& value : values)
      categories.insert(value.is_string() ? value.get<std::string>() : value.dump());
    if (categories.size() < 2) return nullptr;
    Json named = Json::array();
    for (const std::string& category : categories) named.push_back({{"name", category}});
    return {{"name", name}, {"type", "categorical"}, {"categorical_values", named}};
  }
  const bool whole =
      std::ranges::all_of(values, [](const Json& value) { return value.is_number_integer(); });
  double low = values.front().get<double>(), high = low;
  for (const Json& value : values) {
    low = std::min(low, value.get<double>());
    high = std::max(high, value.get<double>());
  }
  if (!(low < high)) return nullptr;
  Json parameter = {{"name", name}, {"type", whole ? "int" : "double"}};
  parameter["bounds"] = {{"min", whole ? Json(std::int64_t(low)) : Json(low)},
                         {"max", whole ? Json(std::int64_t(high)) : Json(high)}};
  if (!whole && low > 0 && high / low >= kLogarithmic) parameter["transformation"] = "log";
  return parameter;
}

Search seen_search(const Answer& answer, const std::string& strategy) {
  std::map<std::string, std::vector<Json>> values;
  std::map<double, std::string> tasks;
  for (const Trial& trial : answer.trials) {
    if (trial.strategy != strategy || trial.task == kLonger) continue;
    tasks[trial.cost] = trial.task;
    for (const auto& [name, value] : trial.assignments.items()) values[name].push_back(value);
  }
  Search search{.strategy = strategy, .space = {{"parameters", Json::array()}}, .tasks = {}};
  for (const auto& [name, seen] : values)
    if (Json parameter = seen_parameter(name, seen); !parameter.is_null())
      search.space["parameters"].push_back(std::move(parameter));
  for (const auto& [cost, name] : tasks) search.tasks.push_back({name, cost});
  return search;
}

experiment::Experiment experiment_of(const Search& search) {
  experiment::Experiment experiment{
      .id = 1,
      .name = search.strategy,
      .space = optimizer::space_from_json(search.space, "result.json: searches"),
      .metric = kPercentMetric,
      .tasks = {},
      .seed = search.seed};
  for (const SearchTask& task : search.tasks) experiment.tasks.push_back({task.name, task.cost});
  if (experiment.tasks.empty()) experiment.tasks.emplace_back();
  return experiment;
}

// Of one search, in the order in which they were observed.
class Observations {
 public:
  explicit Observations(const experiment::Experiment& experiment) : experiment_(experiment) {}

  void add(const Trial& trial) {
    Json assignments = trial.assignments;
    for (Json& value : assignments)
      if (value.is_boolean()) value = value.dump();
    const optimizer::Assignments point = optimizer::stored_assignments_from_json(
        assignments, experiment_.space, "result.json: trials");
    const auto id = static_cast<experiment::Id>(trial.id);
    for (const Passing& passing : trial.passings)
      add(id, point, passing.task, passing.value, {}, 0, true);
    add(id, point, trial.task, trial.state == "done" ? trial.value : std::nullopt,
        trial.value_stddev, trial.seconds, false);
  }

  const std::vector<experiment::Observation>& all() const { return all_; }

 private:
  void add(experiment::Id trial, const optimizer::Assignments& point, const std::string& task,
           std::optional<double> value, std::optional<double> deviation, double seconds,
           bool on_the_way) {
    const auto known = std::ranges::find(experiment_.tasks, task, &optimizer::Task::name);
    if (known == experiment_.tasks.end()) return;
    experiment::Observation observation;
    observation.id = static_cast<experiment::Id>(all_.size() + 1);
    observation.experiment = experiment_.id;
    observation.trial = trial;
    observation.point.assignments = point;
    observation.point.task = static_cast<std::size_t>(known - experiment_.tasks.begin());
    if (value) observation.value = 100 * *value;
    if (deviation) observation.value_stddev = 100 * *deviation;
    observation.cost_seconds = seconds;
    observation.on_the_way = on_the_way;
    all_.push_back(std::move(observation));
  }

  const experiment::Experiment& experiment_;
  std::vector<experiment::Observation> all_;
};

Json insight_of(const Answer& answer, const Search& search) {
  const experiment::Experiment experiment = experiment_of(search);
  std::vector<const Trial*> ended;
  for (const Trial& trial : answer.trials)
    if (trial.strategy == search.strategy && (trial.state == "done" || trial.state == "failed"))
      ended.push_back(&trial);
  std::ranges::stable_sort(
      ended, {}, [](const Trial* trial) { return trial->started_seconds + trial->seconds; });
  if (ended.size() > kMostTaught) ended.erase(ended.begin(), ended.end() - kMostTaught);
  Observations observations(experiment);
  for (const Trial* trial : ended) observations.add(*trial);
  Json insight = optimizer::to_json(
      optimizer::make_insight(experiment::problem_of(experiment),
                              experiment::history_of(experiment, {}, observations.all()),
                              search.seed, {.curves = kCurves, .surfaces = 0}));
  for (const char* rows : {"left_out_observations", "left_out_assignments"}) insight.erase(rows);
  insight["metric"] = kPercentMetric;
  return insight;
}

}  // namespace

std::vector<Search> searches_of(const Answer& answer) {
  if (!answer.searches.empty()) return answer.searches;
  std::vector<Search> searches;
  for (const Trial& trial : answer.trials)
    if (std::ranges::find(searches, trial.strategy, &Search::strategy) == searches.end())
      searches.push_back(seen_search(answer, trial.strategy));
  return searches;
}

std::string judged_task(const Answer& answer) {
  const Trial* dearest = nullptr;
  for (const Trial& trial : answer.trials)
    if (trial.state == "done" && trial.value && (dearest == nullptr || trial.cost > dearest->cost))
      dearest = &trial;
  return dearest == nullptr ? "" : dearest->task;
}

std::vector<Json> insights_of(const Answer& answer, const std::vector<Search>& searches) {
  std::vector<Json> insights;
  for (const Search& search : searches) insights.push_back(insight_of(answer, search));
  return insights;
}

Table importances_table(const std::vector<Search>& searches, const std::vector<Json>& insights) {
  Table table{.name = "importances",
              .caption = "Which parameters mattered: share of the variance of validation accuracy",
              .columns = {{"Strategy", "strategy", false},
                          {"Parameter", "parameter", false},
                          {"Share %", "share"},
                          {"95 % interval", ""},
                          {"", "low"},
                          {"", "high"}},
              .rows = {},
              .emphasized = {}};
  for (std::size_t i = 0; i < insights.size(); ++i) {
    if (!insights[i].contains("importance")) continue;
    const std::size_t first = table.rows.size();
    for (const Json& effect : insights[i]["importance"]["overall"]["total"]) {
      const Json& share = effect["share"];
      const Interval interval{share["low"], share["high"]};
      table.rows.push_back({text_cell(searches[i].strategy),
                            text_cell(effect["parameters"][0].get<std::string>()),
                            percent_cell(share["value"].get<double>()),
                            {percent_text(interval), ""},
                            number_cell("", interval.low),
                            number_cell("", interval.high)});
    }
    std::stable_sort(
        table.rows.begin() + static_cast<std::ptrdiff_t>(first), table.rows.end(),
        [](const auto& a, const auto& b) { return std::stod(a[2].data) > std::stod(b[2].data); });
  }
  return table;
}

}  // namespace frugal::report
