#include <fmt/format.h>

#include <algorithm>

#include "serve/experiment_json.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"
#include "serve/points.h"

namespace frugal::serve {
namespace {

using experiment::Experiment;
using experiment::RowQuery;
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
  Json json = {{"object", object},
               {"deleted", trial.deleted},
               {"state", is_open(trial) ? "open" : "closed"}};
  for (const char* key :
       {"id", "experiment", "assignments", "created", "metadata", "task", "reason"})
    if (full.contains(key)) json[key] = full[key];
  return json;
}

Answer page(Call& call, const char* object, RowQuery rows) {
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const PageQuery page = read_page(call.query);
  rows.experiment = experiment.id;
  rows.after = page.after;
  rows.before = page.before;
  rows.ascending = page.towards_newer;
  rows.limit = page.limit + 1;
  auto& store = call.scheduler.store();
  std::vector<Json> fetched;
  std::vector<experiment::Id> ids;
  for (const Trial& trial : store.trials(rows)) {
    fetched.push_back(suggestion_json(trial, experiment, object));
    ids.push_back(trial.id);
  }
  return {200, page_of(page, call.query, store.count_trials(rows), std::move(fetched), ids)};
}

Answer one(Call& call, const char* object) {
  require_known_query(call.query, {"fields"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  return {200, select_fields(suggestion_json(suggestion_of(call, experiment, call.ids[1]),
                                             experiment, object),
                             call.query)};
}

}  // namespace

Answer create_suggestion(Call& call) {
  const Fields fields(call.body, {"assignments", "task", "metadata"});
  const Experiment experiment = active_experiment(call);
  experiment::SuggestOptions options{.metadata = read_metadata(fields.object("metadata"))};
  if (experiment.search == experiment::Search::kPaused)
    throw Refusal(409, fmt::format("experiment {} is paused; set its search to \"on\" to go on",
                                   experiment.id));
  if (fields.has("assignments"))
    options.point = read_point(fields, experiment);
  else if (fields.has("task"))
    throw InputError("body: task goes with assignments only");
  const Trial trial = call.scheduler.suggest(experiment.id, options, call.also());
  return {200, suggestion_json(trial, experiment, "suggestion")};
}

Answer list_suggestions(Call& call) {
  require_known_query(call.query, paging_parameters({"state", "deleted", "id"}));
  RowQuery rows{.waiting = false};
  rows.deleted = query_flag(call.query, "deleted", false);
  if (const auto state = call.query.find("state"); state != call.query.end()) {
    if (state->second != "open" && state->second != "closed")
      throw InputError("query: state is open or closed");
    rows.ended = state->second == "closed";
  }
  const auto wanted = call.query.find("id");
  if (wanted == call.query.end()) return page(call, "suggestion", rows);

  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  std::vector<Trial> chosen;
  for (const experiment::Id id : ids_from_text(wanted->second, "query: id"))
    for (Trial& trial : call.scheduler.store().trials(
             RowQuery{.experiment = experiment.id, .only = id, .deleted = rows.deleted}))
      chosen.push_back(std::move(trial));
  std::sort(chosen.begin(), chosen.end(),
            [](const Trial& a, const Trial& b) { return a.id < b.id; });
  std::vector<PageRow> listed;
  for (const Trial& trial : chosen)
    listed.push_back({trial.id, [&] { return suggestion_json(trial, experiment, "suggestion"); }});
  return {200, paginate(listed, call.query)};
}

Answer get_suggestion(Call& call) {
  return one(call, "suggestion");
}

Answer update_suggestion(Call& call) {
  const Fields fields(call.body, {"metadata"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const Trial trial = suggestion_of(call, experiment, call.ids[1]);
  const Trial changed =
      call.scheduler.set_metadata(trial.id, read_metadata(fields.object("metadata")));
  return {200, suggestion_json(changed, experiment, "suggestion")};
}

Answer delete_suggestion(Call& call) {
  require_known_query(call.query, {});
  const Trial trial = suggestion_of(call, call.scheduler.experiment(call.ids[0]), call.ids[1]);
  call.scheduler.delete_trials(trial.experiment, {trial.id});
  call.services.ring();
  return {};
}

Answer delete_suggestions(Call& call) {
  require_known_query(call.query, {"state"});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  RowQuery rows{.experiment = experiment.id, .waiting = false};
  if (const auto state = call.query.find("state"); state != call.query.end()) {
    if (state->second != "open") throw InputError("query: state can only be open");
    rows.ended = false;
  }
  std::vector<experiment::Id> ids;
  for (const Trial& trial : call.scheduler.store().trials(rows)) ids.push_back(trial.id);
  call.scheduler.delete_trials(experiment.id, ids);
  call.services.ring();
  return {};
}

Answer queue_suggestion(Call& call) {
  const Experiment experiment = active_experiment(call);
  const Fields fields(call.body, {"assignments", "task", "metadata"});
  const Trial trial = call.scheduler.queue(experiment.id, read_point(fields, experiment, true),
                                           fields.object("metadata"), call.also());
  call.services.ring();
  return {200, suggestion_json(trial, experiment, "queued_suggestion")};
}

Answer list_queued_suggestions(Call& call) {
  require_known_query(call.query, paging_parameters());
  return page(call, "queued_suggestion", RowQuery{.waiting = true});
}

Answer get_queued_suggestion(Call& call) {
  return one(call, "queued_suggestion");
}

Answer delete_queued_suggestion(Call& call) {
  require_known_query(call.query, {});
  const Experiment experiment = call.scheduler.experiment(call.ids[0]);
  const Trial trial = suggestion_of(call, experiment, call.ids[1]);
  if (!is_queued(trial))
    throw experiment::NotFound(fmt::format("suggestion {} is not queued: it was begun", trial.id));
  call.scheduler.delete_trials(experiment.id, {trial.id});
  return {};
}

}  // namespace frugal::serve
