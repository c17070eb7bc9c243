#include "experiment/runs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiment/run_fields.h"

namespace frugal::experiment {
namespace {

constexpr const char* kProject = "project";
constexpr const char* kRun = "run";
constexpr const char* kCheckpoint = "checkpoint";
// On the wire such a run has failed; it counts in no budget.
constexpr const char* kExpired = "expired";
constexpr std::size_t kMostCheckpoints = 200;

Json time_or_null(const Json& seconds) {
  return seconds.get<double>() > 0 ? Json(static_cast<std::int64_t>(seconds.get<double>()))
                                   : Json();
}

Json id_or_null(const Json& id) {
  return id.get<Id>() > 0 ? Json(std::to_string(id.get<Id>())) : Json();
}

// Of a run that completed: every metric that the experiment has, or none of them.
std::optional<Observation> observation_of(const Record& run, const Experiment& experiment) {
  const Json& values = run.body.at("values");
  Observation observation;
  if (run.state != "completed") return observation;
  for (const Metric& metric : metrics_of(experiment)) {
    const auto found = values.find(metric.name);
    if (found == values.end()) return std::nullopt;
    MetricValue value{.name = metric.name, .value = found->at("value").get<double>()};
    if (const Json stddev = found->value("value_stddev", Json()); stddev.is_number())
      value.value_stddev = stddev.get<double>();
    if (metric.name == experiment.metric) {
      observation.value = value.value;
      observation.value_stddev = value.value_stddev;
    } else {
      observation.more_values.push_back(std::move(value));
    }
  }
  return observation;
}

}  // namespace

Runs::Runs(Scheduler& scheduler, RunOptions options) : scheduler_(scheduler), options_(options) {}

// --- projects ---

Record Runs::create_project(const std::string& id, const std::string& name, const Json& metadata,
                            const Also& also) {
  const std::lock_guard lock(projects_lock_);
  const auto known = scheduler_.store().records({.kind = kProject, .name = id});
  if (!known.empty()) throw Conflict(fmt::format("there is a project {} already", id));
  const double now = scheduler_.clock().now_seconds();
  const Record project{
      .id = scheduler_.new_record_id(),
      .kind = kProject,
      .name = id,
      .body = {{"name", name}, {"metadata", metadata}, {"deleted", false}, {"updated", now}},
      .created = now};
  scheduler_.write([&](Store& store) {
    store.add(project);
    if (also) also(store, {project.id});
  });
  return project;
}

Record Runs::project(const std::string& id) const {
  auto found = scheduler_.store().records({.kind = kProject, .name = id});
  if (found.empty()) throw NotFound(fmt::format("there is no project {}", id));
  return found.front();
}

std::vector<Record> Runs::projects() const {
  return scheduler_.store().records({.kind = kProject});
}

Record Runs::update_project(const std::string& id, const Json& changes) {
  const std::lock_guard lock(projects_lock_);
  Record changed = project(id);
  changed.body.update(changes);
  changed.body["updated"] = scheduler_.clock().now_seconds();
  update(changed);
  return changed;
}

std::size_t Runs::count(const std::string& project) const {
  return scheduler_.store().count_records({.kind = kRun, .owner = project});
}

// --- runs ---

double Runs::lease_end() const {
  return options_.lease_seconds > 0 ? scheduler_.clock().now_seconds() + options_.lease_seconds : 0;
}

void Runs::update(const Record& run) {
  scheduler_.write([&](Store& store) { store.update(run); });
}

Record Runs::fresh(const std::string& project, const Json& fields) const {
  check_run_fields(fields);
  const double now = scheduler_.clock().now_seconds();
  Record run{.id = scheduler_.new_record_id(),
             .kind = kRun,
             .owner = project,
             .state = fields.contains("state") && !fields["state"].is_null()
                          ? fields["state"].get<std::string>()
                          : "active",
             .body = empty_run(),
             .created = now};
  apply_run_fields(run.body, fields, true);
  run.body["updated"] = now;
  if (run.state == "active")
    run.expires = lease_end();
  else
    run.body["completed"] = now;
  return run;
}

Json Runs::create(const std::string& project, std::optional<Id> experiment, const Json& fields,
                  const Also& also) {
  Record run = fresh(project, fields);
  if (!experiment) {
    scheduler_.write([&](Store& store) {
      store.add(run);
      if (also) also(store, {run.id});
    });
    return to_json(run);
  }
  const Experiment of = scheduler_.experiment(*experiment);
  run.experiment = of.id;
  SuggestOptions options{.seconds = 0};  // the run has the lease
  if (const Json& own = run.body["assignments"]; !own.empty())
    options.point = optimizer::Suggestion{
        optimizer::assignments_from_json(own, of.space, "body: assignments"), full_task(of)};
  const Trial trial =
      scheduler_.suggest(of.id, options, [run, also](Store& store, const std::vector<Id>& ids) {
        // The assignments are written by the first change: they are the trial's.
        Record begun = run;
        begun.body["trial"] = ids[0];
        store.add(begun);
        if (also) also(store, {begun.id});
      });
  run.body["trial"] = trial.id;
  run.body["assignments"] = optimizer::to_json(trial.suggestion.assignments);
  const std::lock_guard lock(lock_of(run.id));
  if (run.state != "active")
    observe(run);
  else
    update(run);
  return to_json(run);
}

std::vector<Json> Runs::create(const std::string& project, const std::vector<Json>& fields,
                               const Also& also) {
  std::vector<Record> runs;
  std::vector<Id> ids;
  for (const Json& one : fields) {
    runs.push_back(fresh(project, one));
    ids.push_back(runs.back().id);
  }
  scheduler_.write([&](Store& store) {
    for (const Record& run : runs) store.add(run);
    if (also) also(store, ids);
  });
  std::vector<Json> all;
  for (const Record& run : runs) all.push_back(to_json(run));
  return all;
}

Record Runs::record(Id id) const {
  auto found = scheduler_.store().records({.kind = kRun, .only = id});
  if (found.empty()) throw NotFound(fmt::format("there is no training run {}", id));
  Record& run = found.front();
  // A kill between the start and the first change left them to the trial.
  if (const Id trial = run.body["trial"].get<Id>(); trial > 0 && run.body["assignments"].empty())
    run.body["assignments"] = optimizer::to_json(scheduler_.trial(trial).suggestion.assignments);
  return run;
}

Json Runs::run(Id id) const {
  return to_json(record(id));
}

// The run's end and its observation, in one transaction.
void Runs::observe(Record& run) {
  run.expires = 0;
  run.body["completed"] = scheduler_.clock().now_seconds();
  const Id trial = run.body["trial"].get<Id>();
  if (trial == 0) return update(run);
  const Experiment experiment = scheduler_.experiment(run.experiment);
  Observation without_metrics;
  without_metrics.metadata = {{"reason", "the run completed without every metric"}};
  const Observation observation = observation_of(run, experiment).value_or(without_metrics);
  const auto recorded = scheduler_.record(run.experiment, {{trial, observation}},
                                          [&run](Store& store, const std::vector<Id>& ids) {
                                            Record ended = run;
                                            ended.body["observation"] = ids[0];
                                            store.update(ended);
                                          });
  run.body["observation"] = recorded[0].id;
}

Json Runs::change(Id id, const Json& fields, bool merge) {
  check_run_fields(fields);
  const std::lock_guard lock(lock_of(id));
  Record run = record(id);
  apply_run_fields(run.body, fields, merge);
  run.body["updated"] = scheduler_.clock().now_seconds();
  const std::string before = run.state;
  const bool only_archives = fields.size() == 1 && fields.contains("deleted");
  const std::string after = fields.contains("state") && !fields["state"].is_null()
                                ? fields["state"].get<std::string>()
                                : (before == kExpired && !only_archives ? "active" : before);
  run.state = after;
  const bool was_live = before == "active" || before == kExpired;
  if (!was_live && after == "active") throw InputError("body: state: a run that ended stays ended");
  const Id trial = run.body["trial"].get<Id>();
  if (before == kExpired && after != kExpired && trial > 0) scheduler_.take_up(trial);
  if (was_live && after != "active" && after != kExpired) {
    observe(run);
  } else {
    if (after == "active") run.expires = lease_end();
    update(run);
  }
  return to_json(run);
}

// --- checkpoints ---

Json Runs::add_checkpoint(Id id, const Json& values, const Json& metadata, const Also& also) {
  const std::lock_guard lock(lock_of(id));
  Record run = record(id);
  if (run.body["observation"].get<Id>() > 0)
    throw NoMore(fmt::format("training run {} has been observed", id));
  if (run.body["checkpoint_count"].get<std::size_t>() >= kMostCheckpoints)
    throw NoMore(fmt::format("training run {} has its {} checkpoints", id, kMostCheckpoints));
  const double now = scheduler_.clock().now_seconds();
  const Record checkpoint{.id = scheduler_.new_record_id(),
                          .kind = kCheckpoint,
                          .owner = std::to_string(id),
                          .body = {{"values", values}, {"metadata", metadata}},
                          .created = now};
  run.body["checkpoint_count"] = run.body["checkpoint_count"].get<std::size_t>() + 1;
  run.body["updated"] = now;
  const Id trial = run.body["trial"].get<Id>();
  if (run.state == kExpired && trial > 0) scheduler_.take_up(trial);
  if (run.state == kExpired) run.state = "active";
  if (run.state == "active") run.expires = lease_end();
  scheduler_.write([&](Store& store) {
    store.update(run);
    store.add(checkpoint);
    if (also) also(store, {checkpoint.id});
  });
  return to_json(checkpoint);
}

Record Runs::checkpoint(Id run, Id id) const {
  auto found =
      scheduler_.store().records({.kind = kCheckpoint, .only = id, .owner = std::to_string(run)});
  if (found.empty()) throw NotFound(fmt::format("training run {} has no checkpoint {}", run, id));
  return found.front();
}

std::vector<Record> Runs::checkpoints(Id run) const {
  record(run);
  return scheduler_.store().records({.kind = kCheckpoint, .owner = std::to_string(run)});
}

Runs::Progress Runs::progress(Id experiment) const {
  const auto count = [&](const char* state) {
    return scheduler_.store().count_records(
        {.kind = kRun, .state = state, .experiment = experiment});
  };
  return {count("active"), count("completed") + count("failed")};
}

void Runs::delete_of(Id experiment) {
  for (const Record& run : scheduler_.store().records({.kind = kRun, .experiment = experiment}))
    change(run.id, {{"deleted", true}}, true);
}

std::size_t Runs::expire() {
  const double now = scheduler_.clock().now_seconds();
  std::size_t expired = 0;
  for (const Record& candidate :
       scheduler_.store().records({.kind = kRun, .expired_before = now})) {
    const std::lock_guard lock(lock_of(candidate.id));
    Record run = record(candidate.id);
    if (run.state != "active" || run.expires == 0 || run.expires >= now) continue;
    run.state = kExpired;
    run.expires = 0;
    ++expired;
    const Id trial = run.body["trial"].get<Id>();
    if (trial == 0) {
      update(run);
      continue;
    }
    scheduler_.give_up(trial, "given up: its run was not heard of in time",
                       [run](Store& store, const std::vector<Id>&) { store.update(run); });
  }
  return expired;
}

Json Runs::to_json(const Record& row) {
  Json json = row.body;
  json["id"] = std::to_string(row.id);
  json["created"] = time_or_null(row.created);
  if (row.kind == kCheckpoint) {
    json["object"] = "checkpoint";
    json["training_run"] = row.owner;
    json["should_stop"] = false;
    json["stopping_reasons"] = Json::array();
    return json;
  }
  json["object"] = "training_run";
  json["client"] = "1";
  json["user"] = nullptr;
  json["project"] = row.owner;
  json["experiment"] = row.experiment > 0 ? Json(std::to_string(row.experiment)) : Json();
  json["suggestion"] = id_or_null(row.body.at("trial"));
  json["observation"] = id_or_null(row.body.at("observation"));
  json.erase("trial");
  json["state"] = row.state == kExpired ? "failed" : row.state;
  json["expired"] = row.state == kExpired;
  json["finished"] = row.state != "active";
  json["updated"] = time_or_null(row.body.at("updated"));
  json["completed"] = time_or_null(row.body.at("completed"));
  for (auto& [name, value] : json["values"].items()) {
    value["object"] = "metric_evaluation";
    value["name"] = name;
    if (!value.contains("value_stddev")) value["value_stddev"] = nullptr;
  }
  if (!json.contains("files")) json["files"] = Json::array();
  return json;
}

}  // namespace frugal::experiment
