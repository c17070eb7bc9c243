// The trials of an experiment as the workers' protocol shows them, for people to look at and stop.
#include <fmt/format.h>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Trial;

constexpr std::size_t kMostIds = 1000;

std::vector<Trial> trials_by_id(const Call& call, const std::string& ids) {
  const auto wanted = ids_from_text(ids, "query: id");
  if (wanted.size() > kMostIds)
    throw InputError(fmt::format("query: id: at most {} at a time", kMostIds));
  std::vector<Trial> chosen;
  for (const experiment::Id id : wanted)
    for (Trial& trial : call.scheduler.store().trials({.experiment = call.ids[0], .only = id}))
      chosen.push_back(std::move(trial));
  std::sort(chosen.begin(), chosen.end(),
            [](const Trial& a, const Trial& b) { return a.id < b.id; });
  return chosen;
}

}  // namespace

Answer list_trials(Call& call) {
  require_known_query(call.query, paging_parameters({"state", "id"}));
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  if (const auto ids = call.query.find("id"); ids != call.query.end()) {
    const auto chosen = trials_by_id(call, ids->second);
    std::vector<PageRow> listed;
    for (const Trial& trial : chosen)
      listed.push_back({trial.id, [&] { return to_json(trial, experiment); }});
    return {200, paginate(listed, call.query)};
  }
  experiment::RowQuery rows{.experiment = experiment.id};
  if (const auto state = call.query.find("state"); state != call.query.end()) {
    if (state->second != "open" && state->second != "ended")
      throw InputError("query: state is open or ended");
    rows.ended = state->second == "ended";
  }
  const PageQuery page = read_page(call.query);
  rows.after = page.after;
  rows.before = page.before;
  rows.ascending = page.towards_newer;
  rows.limit = page.limit + 1;
  auto& store = call.scheduler.store();
  std::vector<Json> fetched;
  std::vector<experiment::Id> ids;
  for (const Trial& trial : store.trials(rows)) {
    fetched.push_back(to_json(trial, experiment));
    ids.push_back(trial.id);
  }
  return {200, page_of(page, call.query, store.count_trials(rows), std::move(fetched), ids)};
}

Answer stop_trial(Call& call) {
  const Fields fields(call.body, {});
  call.scheduler.stop(call.ids[0]);
  call.services.ring();
  const auto trial = call.scheduler.trial(call.ids[0]);
  return {200, to_json(trial, call.scheduler.experiment(trial.experiment))};
}

}  // namespace frugal::serve
