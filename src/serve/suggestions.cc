#include <fmt/format.h>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::Trial;
using experiment::TrialState;

bool is_open(const Trial& trial) {
  return trial.state != TrialState::kDone && trial.state != TrialState::kFailed;
}

// Asked for, and given to nobody yet.
bool is_queued(const Trial& trial) {
  return trial.purpose == "queued" && trial.state == TrialState::kOpen && trial.started == 0;
}

// A trial as SigOpt's clients see it.
Json suggestion_json(const Trial& trial, const Experiment& experiment, const char* object) {
  const Json full = to_json(trial, experiment);
  Json json = {
      {"object", object}, {"deleted", false}, {"state", is_open(trial) ? "open" : "closed"}};
  for (const char* key : {"id", "experiment", "assignments", "created", "metadata", "task"})
    if (full.contains(key)) json[key] = full[key];
  return json;
}

Answer page(Call& call, const char* object, bool (*wanted)(const Trial&)) {
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const auto trials = call.scheduler.trials(call.ids[0]);
  std::vector<PageRow> rows;
  for (const Trial& trial : trials)
    if (wanted(trial))
      rows.push_back(
          {trial.id, [&, object] { return suggestion_json(trial, experiment, object); }});
  return {200, paginate(rows, call.query)};
}

Answer one(Call& call, const char* object) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const Trial trial = call.scheduler.trial(call.ids[1]);
  if (trial.experiment != experiment.id)
    throw experiment::NotFound(
        fmt::format("experiment {} has no suggestion {}", experiment.id, trial.id));
  return {200, select_fields(suggestion_json(trial, experiment, object), call.query)};
}

}  // namespace

Answer create_suggestion(Call& call) {
  const Fields fields(call.body, {});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  if (experiment.state != experiment::ExperimentState::kActive)
    throw InputError(fmt::format("experiment {} was deleted", experiment.id));
  const Trial trial = call.scheduler.suggest(experiment.id);
  return {200, suggestion_json(trial, experiment, "suggestion")};
}

Answer list_suggestions(Call& call) {
  auto known = paging_parameters();
  known.push_back("state");
  require_known_query(call.query, known);
  const auto state = call.query.find("state");
  if (state == call.query.end())
    return page(call, "suggestion", [](const Trial& trial) { return !is_queued(trial); });
  if (state->second != "open") throw InputError("query: state can only be open");
  return page(call, "suggestion",
              [](const Trial& trial) { return !is_queued(trial) && is_open(trial); });
}

Answer get_suggestion(Call& call) {
  return one(call, "suggestion");
}

Answer queue_suggestion(Call& call) {
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const Fields fields(call.body, {"assignments", "task", "metadata"});
  const optimizer::Suggestion suggestion{
      optimizer::assignments_from_json(fields.at("assignments"), experiment.space,
                                       "body: assignments"),
      fields.has("task") ? experiment::task_named(experiment, fields.text("task"))
                         : experiment::full_task(experiment)};
  const Trial trial = call.scheduler.queue(experiment.id, suggestion, fields.object("metadata"));
  call.bell.ring();
  return {200, suggestion_json(trial, experiment, "queued_suggestion")};
}

Answer list_queued_suggestions(Call& call) {
  require_known_query(call.query, paging_parameters());
  return page(call, "queued_suggestion", is_queued);
}

Answer get_queued_suggestion(Call& call) {
  return one(call, "queued_suggestion");
}

}  // namespace frugal::serve
