#include "serve/importances.h"

#include <nlohmann/json.hpp>

#include "experiment/history.h"
#include "optimizer/insight.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

constexpr std::size_t kCurves = 8;

Json compute(const experiment::Experiment& experiment,
             const std::vector<experiment::Observation>& observations, std::size_t curves) {
  return to_json(optimizer::make_insight(experiment::problem_of(experiment),
                                         experiment::history_of(experiment, {}, observations),
                                         experiment.seed, {.curves = curves, .surfaces = 0}));
}

}  // namespace

Json Importances::of(const experiment::Experiment& experiment,
                     const experiment::Scheduler& scheduler, std::size_t curves) {
  const State state{scheduler.progress(experiment.id).observation_count,
                    scheduler.revisions().at(experiment.id).rewritings, experiment.updated};
  std::promise<Json> promise;
  std::shared_future<Json> insight;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[{experiment.id, curves}];
    is_first = !entry.insight.valid() || entry.state != state;
    if (is_first) entry = {state, promise.get_future().share()};
    insight = entry.insight;
  }
  if (is_first) {
    try {
      promise.set_value(compute(experiment, scheduler.observations(experiment.id), curves));
    } catch (...) {  // for those who wait; it would go wrong the next time too
      promise.set_exception(std::current_exception());
    }
  }
  return insight.get();
}

Answer get_metric_importances(Call& call) {
  require_known_query(call.query, paging_parameters());
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  const Json insight = call.services.importances.of(experiment, call.scheduler, 0);
  std::vector<PageRow> rows;
  Json importances = Json::object();
  if (insight.contains("importance"))
    for (const Json& effect : insight["importance"]["overall"]["total"])
      importances[effect["parameters"][0].get<std::string>()] = effect["share"]["value"];
  if (!importances.empty())
    rows.push_back({0, [&] {
                      return Json{{"object", "metric_importances"},
                                  {"metric", experiment.metric},
                                  {"importances", importances}};
                    }});
  return {200, paginate(rows, call.query)};
}

Answer get_insight(Call& call) {
  require_known_query(call.query, {});
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  Json insight = call.services.importances.of(experiment, call.scheduler, kCurves);
  for (const char* rows : {"left_out_observations", "left_out_assignments"}) insight.erase(rows);
  insight["object"] = "insight";
  insight["metric"] = experiment.metric;
  return {200, insight};
}

}  // namespace frugal::serve
