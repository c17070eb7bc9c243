// What an experiment has found so far.
#include <algorithm>

#include "experiment/progress.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Metric;
using experiment::Observation;

// The larger the better.
double gain(const Observation& observation, const Experiment& experiment, const Metric& metric) {
  const double value = metric.name == experiment.metric
                           ? *observation.value
                           : value_of(observation, metric.name).value_or(0);
  return metric.maximize ? value : -value;
}

// None of them is worse in both objectives than another.
std::vector<Observation> pareto_front(std::vector<Observation> rows, const Experiment& experiment,
                                      const Metric& second) {
  const Metric first = metrics_of(experiment)[0];
  std::stable_sort(rows.begin(), rows.end(), [&](const Observation& a, const Observation& b) {
    const double gain_a = gain(a, experiment, first), gain_b = gain(b, experiment, first);
    if (gain_a != gain_b) return gain_a > gain_b;
    return gain(a, experiment, second) > gain(b, experiment, second);
  });
  std::vector<Observation> front;
  for (const Observation& row : rows)
    if (front.empty() || gain(row, experiment, second) > gain(front.back(), experiment, second))
      front.push_back(row);
  std::sort(front.begin(), front.end(),
            [](const Observation& a, const Observation& b) { return a.id < b.id; });
  return front;
}

std::vector<Observation> best_of(const Experiment& experiment, const Call& call) {
  const Metric* second = experiment::second_objective(experiment);
  if (second == nullptr) {
    const auto best = call.scheduler.progress(experiment.id).best;
    return best ? std::vector{*best} : std::vector<Observation>{};
  }
  std::vector<Observation> kept;
  call.scheduler.store().each_observation({.experiment = experiment.id},
                                          [&](const Observation& observation) {
                                            if (keeps_thresholds(observation, experiment))
                                              kept.push_back(observation);
                                          });
  return pareto_front(std::move(kept), experiment, *second);
}

}  // namespace

Answer get_best_assignments(Call& call) {
  require_known_query(call.query, paging_parameters());
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const auto best = best_of(experiment, call);
  std::vector<PageRow> rows;
  for (const Observation& row : best)
    rows.push_back({row.id, [&row, &experiment] {
                      const Json observation = to_json(row, experiment);
                      Json json = {{"object", "best_assignments"}};
                      for (const char* key : {"id", "assignments", "values", "metadata"})
                        json[key] = observation[key];
                      if (observation.contains("task")) json["task"] = observation["task"]["name"];
                      return json;
                    }});
  return {200, paginate(rows, call.query)};
}

Answer get_best_training_runs(Call& call) {
  require_known_query(call.query, paging_parameters({"sort"}));
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const auto best = best_of(experiment, call);
  std::vector<Json> runs;
  for (const auto& record : call.scheduler.store().records(
           {.kind = "run", .state = "completed", .experiment = experiment.id}))
    for (const Observation& row : best)
      if (record.body.at("observation") == row.id)
        runs.push_back(experiment::Runs::to_json(record));
  const auto sort = call.query.find("sort");
  const std::string key = sort == call.query.end() ? "id" : sort->second;
  if (key != "id" && key != "created" && key != "updated")
    throw InputError("query: sort is id, created or updated");
  if (key != "id")
    std::stable_sort(runs.begin(), runs.end(),
                     [&](const Json& a, const Json& b) { return a[key] < b[key]; });
  std::vector<PageRow> rows;
  for (const Json& run : runs)
    rows.push_back({*id_from_text(run["id"].get<std::string>()), [&run] { return run; }});
  return {200, paginate(rows, call.query, key != "id")};
}

Answer get_stopping_criteria(Call& call) {
  require_known_query(call.query, {});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const auto summary = call.scheduler.progress(experiment.id);
  Json reasons = Json::array();
  if (is_budget_reached(experiment, summary)) reasons.push_back("observation_budget_reached");
  // Twenty results and three quarters of all without a better one.
  constexpr std::size_t kPatience = 20;
  if (summary.best && summary.since_best >= kPatience &&
      4 * summary.since_best >= 3 * summary.observation_count)
    reasons.push_back("possible_stagnation");
  return {
      200,
      {{"object", "stopping_criteria"}, {"should_stop", !reasons.empty()}, {"reasons", reasons}}};
}

}  // namespace frugal::serve
