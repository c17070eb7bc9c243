#include <fmt/format.h>

#include "experiment/run_fields.h"
#include "serve/experiment_json.h"
#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"
#include "serve/run_filters.h"

namespace frugal::serve {
namespace {

using experiment::Id;
using experiment::Record;
using experiment::Runs;

constexpr std::size_t kMostRuns = 10000;

Answer run_after(Call& call, const Json& fields, bool merge) {
  const Json run = call.services.runs.change(call.ids[0], fields, merge);
  call.services.ring();
  return {200, run};
}

}  // namespace

Answer create_training_run(Call& call) {
  call.services.runs.project(call.name);
  return {200, call.services.runs.create(call.name, std::nullopt, call.body, call.also())};
}

// All or none.
Answer create_training_runs(Call& call) {
  const Fields fields(call.body, {"runs", "fields"});
  call.services.runs.project(call.name);
  const Json& bodies = fields.list("runs");
  if (bodies.size() > kMostRuns)
    throw InputError(fmt::format("body: runs: at most {} at a time", kMostRuns));
  const Query selected = fields.has("fields") ? Query{{"fields", fields.text("fields")}} : Query{};
  Json data = Json::array();
  for (Json& run :
       call.services.runs.create(call.name, bodies.get<std::vector<Json>>(), call.also()))
    data.push_back(select_fields(std::move(run), selected));
  return {200,
          {{"object", "pagination"},
           {"count", data.size()},
           {"data", data},
           {"paging", {{"before", nullptr}, {"after", nullptr}}}}};
}

Answer create_experiment_run(Call& call) {
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  if (!experiment.of_runs)
    throw experiment::NotFound(fmt::format("experiment {} is not one of runs", experiment.id));
  if (experiment.state != experiment::ExperimentState::kActive)
    throw InputError(fmt::format("experiment {} was deleted", experiment.id));
  return {200,
          call.services.runs.create(experiment.project, experiment.id, call.body, call.also())};
}

Answer list_training_runs(Call& call) {
  require_known_query(call.query, paging_parameters({"filters", "sort", "deleted"}));
  call.services.runs.project(call.name);
  const auto text = call.query.find("filters");
  const auto filters = read_run_filters(text == call.query.end() ? "" : text->second);
  const bool deleted = query_flag(call.query, "deleted", false);
  if (const auto sort = call.query.find("sort");
      sort != call.query.end() && sort->second != "id" && sort->second != "created")
    throw InputError("query: sort: runs are listed by id, which is by created");
  const PageQuery page = read_page(call.query);
  experiment::RecordQuery rows{.kind = "run",
                               .owner = call.name,
                               .after = page.after,
                               .before = page.before,
                               .limit = 500,
                               .ascending = page.towards_newer};
  std::vector<Json> fetched;
  std::vector<Id> ids;
  for (bool more = true; more && fetched.size() <= page.limit;) {
    const auto chunk = call.scheduler.store().records(rows);
    more = chunk.size() == rows.limit;
    for (const Record& record : chunk) {
      Json run = Runs::to_json(record);
      if (run["deleted"] == deleted && matches(run, filters) && fetched.size() <= page.limit) {
        fetched.push_back(std::move(run));
        ids.push_back(record.id);
      }
      (page.towards_newer ? rows.after : rows.before) = record.id;
    }
  }
  const std::size_t count = filters.empty() ? call.services.runs.count(call.name) : fetched.size();
  return {200, page_of(page, call.query, count, std::move(fetched), ids)};
}

Answer get_training_run(Call& call) {
  require_known_query(call.query, {"fields"});
  return {200, select_fields(call.services.runs.run(call.ids.back()), call.query)};
}

Answer replace_training_run(Call& call) {
  return run_after(call, call.body, false);
}

Answer merge_training_run(Call& call) {
  return run_after(call, call.body, true);
}

Answer delete_training_run(Call& call) {
  require_known_query(call.query, {});
  run_after(call, {{"deleted", true}}, true);
  return {};
}

Answer create_checkpoint(Call& call) {
  const Fields fields(call.body, {"values", "metadata", "name"});
  for (const Json& value : fields.list("values")) {
    const Fields entry(value, {"name", "value", "value_stddev"}, "body: values");
    entry.text("name");
    entry.number("value");
    entry.optional_number("value_stddev");
  }
  return {200,
          call.services.runs.add_checkpoint(call.ids[0], fields.at("values"),
                                            read_metadata(fields.object("metadata")), call.also())};
}

Answer list_checkpoints(Call& call) {
  require_known_query(call.query, paging_parameters());
  const auto checkpoints = call.services.runs.checkpoints(call.ids[0]);
  std::vector<PageRow> rows;
  for (const Record& checkpoint : checkpoints)
    rows.push_back({checkpoint.id, [&checkpoint] { return Runs::to_json(checkpoint); }});
  return {200, paginate(rows, call.query)};
}

Answer get_checkpoint(Call& call) {
  require_known_query(call.query, {"fields"});
  const Record checkpoint = call.services.runs.checkpoint(call.ids[0], call.ids[1]);
  return {200, select_fields(Runs::to_json(checkpoint), call.query)};
}

}  // namespace frugal::serve
