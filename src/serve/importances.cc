#include "serve/importances.h"

#include <nlohmann/json.hpp>

#include "experiment/history.h"
#include "optimizer/insight.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

Json compute(const experiment::Experiment& experiment,
             const std::vector<experiment::Observation>& observations) {
  const optimizer::Insight insight = optimizer::make_insight(
      experiment::problem_of(experiment), experiment::history_of(experiment, {}, observations),
      experiment.seed, {.curves = 0, .surfaces = 0});
  Json json = Json::object();
  for (const optimizer::Effect& effect : insight.importance.overall.total)
    json[effect.parameters[0]] = effect.share.value;
  return json;
}

}  // namespace

Json Importances::of(const experiment::Experiment& experiment,
                     const std::vector<experiment::Observation>& observations) {
  std::promise<Json> promise;
  std::shared_future<Json> importances;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[experiment.id];
    is_first = !entry.importances.valid() || entry.observations != observations.size();
    if (is_first) entry = {observations.size(), promise.get_future().share()};
    importances = entry.importances;
  }
  if (is_first) {
    try {
      promise.set_value(compute(experiment, observations));
    } catch (...) {  // for those who wait; it would go wrong the next time too
      promise.set_exception(std::current_exception());
    }
  }
  return importances.get();
}

Answer get_metric_importances(Call& call) {
  require_known_query(call.query, paging_parameters());
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  const Json importances =
      call.services.importances.of(experiment, call.scheduler.observations(experiment.id));
  std::vector<PageRow> rows;
  if (!importances.empty())
    rows.push_back({0, [&] {
                      return Json{{"object", "metric_importances"},
                                  {"metric", experiment.metric},
                                  {"importances", importances}};
                    }});
  return {200, paginate(rows, call.query)};
}

}  // namespace frugal::serve
