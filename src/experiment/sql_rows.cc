#include "experiment/sql_rows.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::experiment {
namespace {

// As sql_writer.cc writes them.
std::vector<MetricValue> more_values_from(const Json& json) {
  std::vector<MetricValue> values;
  for (const auto& [name, pair] : json.items())
    values.push_back(
        {name, pair.at(0).get<double>(),
         pair.at(1).is_null() ? std::nullopt : std::optional(pair.at(1).get<double>())});
  return values;
}

// What is inside a JSON column, by name: of an object's member the element, or all of it.
struct JsonPlace {
  const char* column;
  std::optional<int> element;
};

std::optional<JsonPlace> json_place(const std::string& sort) {
  if (sort == "metric") return JsonPlace{"more_values", 0};
  if (sort == "metric_stddev") return JsonPlace{"more_values", 1};
  if (sort == "parameter") return JsonPlace{"assignments", std::nullopt};
  return std::nullopt;
}

// SQLite's paths have no way to quote a quote.
std::string sqlite_sort(const JsonPlace& place, const std::string& name, const char* direction,
                        std::vector<std::string>& texts) {
  if (name.find('"') != std::string::npos || name.find('\\') != std::string::npos)
    throw InputError(fmt::format("sort: a name with quotes cannot be sorted by: {}", name));
  texts.push_back(
      fmt::format("$.\"{}\"{}", name, place.element ? fmt::format("[{}]", *place.element) : ""));
  return fmt::format("json_extract({}, :sort) {}", place.column, direction);
}

// As SQLite does it: what is missing, then numbers, then texts by their bytes.
std::string postgresql_sort(const JsonPlace& place, const std::string& name, const char* direction,
                            std::vector<std::string>& texts) {
  int uses = 0;
  const auto json = [&] {
    texts.push_back(name);
    return fmt::format("(CAST({} AS json) -> CAST(:sort{} AS text){})", place.column, ++uses,
                       place.element ? fmt::format(" -> {}", *place.element) : "");
  };
  const auto kind = [&] { return fmt::format("json_typeof{}", json()); };
  std::string sql = fmt::format("CASE {} WHEN 'number' THEN 1 WHEN 'string' THEN 2 ELSE 0 END {}, ",
                                kind(), direction);
  const std::string condition = kind();
  sql +=
      fmt::format("CASE WHEN {} = 'number' THEN CAST({} #>> '{{}}' AS double precision) END {}, ",
                  condition, json(), direction);
  return sql + fmt::format("({} #>> '{{}}') COLLATE \"C\" {}", json(), direction);
}

std::string order_of(const RowQuery& query, Dialect dialect, std::vector<std::string>& texts) {
  const char* direction = query.ascending ? "ASC" : "DESC";
  if (query.sort.empty()) return fmt::format("id {}", direction);
  std::string first;
  if (const auto place = json_place(query.sort))
    first = dialect == Dialect::kSqlite
                ? sqlite_sort(*place, query.sort_name, direction, texts)
                : postgresql_sort(*place, query.sort_name, direction, texts);
  else  // a column
    first =
        fmt::format("{} {} NULLS {}", query.sort, direction, query.ascending ? "FIRST" : "LAST");
  return fmt::format("{}, id {}", first, direction);
}

const char* kTrialColumns =
    "id, experiment, assignments, task, purpose, metadata, state, fence, worker, lease_expires,"
    " attempts, wall_seconds, cpu_seconds, attempt_wall_seconds, attempt_cpu_seconds, checkpoint,"
    " reason, progress, created, started, ended, deleted, device_seconds, peak_memory_bytes,"
    " machine_seconds, dollars, attempt_device_seconds, attempt_peak_memory_bytes";

// An observation of another task than its trial's was made on the way.
const char* kObservationColumns =
    "id, experiment, trial, assignments, task, value, value_stddev, cost_seconds, metadata,"
    " created, deleted, more_values,"
    " CASE WHEN trial > 0 AND task <> coalesce((SELECT t.task FROM trials t"
    " WHERE t.id = observations.trial), task) THEN 1 ELSE 0 END";

soci::details::prepare_temp_type prepared(soci::session& sql, const std::string& text,
                                          const std::vector<std::string>& texts) {
  soci::details::prepare_temp_type statement = (sql.prepare << text);
  for (const std::string& value : texts) statement, soci::use(value);
  return statement;
}

}  // namespace

Clause clause_of(const RowQuery& query, Table table, Dialect dialect, bool with_limits) {
  const bool trials = table == Table::kTrials;
  Clause clause;
  clause.sql = " WHERE 1 = 1";
  if (query.experiment > 0) clause.sql += fmt::format(" AND experiment = {}", query.experiment);
  if (query.only) clause.sql += fmt::format(" AND id = {}", *query.only);
  if (query.deleted) clause.sql += fmt::format(" AND deleted = {}", *query.deleted ? 1 : 0);
  if (trials && query.waiting)
    clause.sql += fmt::format(" AND {}(purpose = 'queued' AND state = 'open' AND started = 0)",
                              *query.waiting ? "" : "NOT ");
  if (trials && query.ended)
    clause.sql += fmt::format(" AND state {}IN ('done', 'failed')", *query.ended ? "" : "NOT ");
  if (!with_limits) return clause;
  clause.sql += fmt::format(" AND id > {} AND id < {}", query.after, query.before);
  clause.sql += " ORDER BY " + order_of(query, dialect, clause.texts);
  clause.sql += fmt::format(" LIMIT {} OFFSET {}", query.limit, query.offset);
  return clause;
}

Clause clause_of(const RecordQuery& query, bool with_limits) {
  Clause clause{" WHERE kind = :kind", {query.kind}};
  const auto is = [&](const char* column, const std::optional<std::string>& text) {
    if (!text) return;
    clause.sql += fmt::format(" AND {0} = :{0}", column);
    clause.texts.push_back(*text);
  };
  is("owner", query.owner);
  is("name", query.name);
  if (query.experiment) clause.sql += fmt::format(" AND experiment = {}", *query.experiment);
  is("state", query.state);
  if (query.only) clause.sql += fmt::format(" AND id = {}", *query.only);
  if (query.expired_before)
    clause.sql += fmt::format(" AND expires > 0 AND expires < {:.17g}", *query.expired_before);
  if (with_limits)
    clause.sql += fmt::format(" AND id > {} AND id < {} ORDER BY id {} LIMIT {}", query.after,
                              query.before, query.ascending ? "ASC" : "DESC", query.limit);
  return clause;
}

void each_trial(soci::session& sql, const Clause& clause, const SpaceOf& space_of,
                const std::string& where, const std::function<void(const Trial&)>& visit) {
  Trial trial;
  std::string assignments, metadata, state, progress;
  int task = 0, deleted = 0;
  auto prepared_rows = prepared(
      sql, fmt::format("SELECT {} FROM trials{}", kTrialColumns, clause.sql), clause.texts);
  soci::statement rows =
      (prepared_rows, soci::into(trial.id), soci::into(trial.experiment), soci::into(assignments),
       soci::into(task), soci::into(trial.purpose), soci::into(metadata), soci::into(state),
       soci::into(trial.fence), soci::into(trial.worker), soci::into(trial.lease_expires),
       soci::into(trial.attempts), soci::into(trial.cost.wall_seconds),
       soci::into(trial.cost.cpu_seconds), soci::into(trial.attempt_cost.wall_seconds),
       soci::into(trial.attempt_cost.cpu_seconds), soci::into(trial.checkpoint),
       soci::into(trial.reason), soci::into(progress), soci::into(trial.created),
       soci::into(trial.started), soci::into(trial.ended), soci::into(deleted),
       soci::into(trial.cost.device_seconds), soci::into(trial.cost.peak_memory_bytes),
       soci::into(trial.cost.machine_seconds), soci::into(trial.cost.dollars),
       soci::into(trial.attempt_cost.device_seconds),
       soci::into(trial.attempt_cost.peak_memory_bytes));
  rows.execute();
  while (rows.fetch()) {
    trial.suggestion.assignments = optimizer::stored_assignments_from_json(
        parse_json(assignments, where), space_of(trial.experiment), where);
    trial.suggestion.task = static_cast<std::size_t>(task);
    trial.metadata = parse_json(metadata, where);
    trial.state = trial_state_named(state);
    trial.progress = parse_json(progress, where);
    trial.deleted = deleted != 0;
    visit(trial);
  }
}

void each_observation(soci::session& sql, const Clause& clause, const SpaceOf& space_of,
                      const std::string& where,
                      const std::function<void(const Observation&)>& visit) {
  Observation observation;
  std::string assignments, metadata, more_values;
  int task = 0, deleted = 0, on_the_way = 0;
  double value = 0, stddev = 0;
  soci::indicator has_value{}, has_stddev{};
  auto prepared_rows =
      prepared(sql, fmt::format("SELECT {} FROM observations{}", kObservationColumns, clause.sql),
               clause.texts);
  soci::statement rows =
      (prepared_rows, soci::into(observation.id), soci::into(observation.experiment),
       soci::into(observation.trial), soci::into(assignments), soci::into(task),
       soci::into(value, has_value), soci::into(stddev, has_stddev),
       soci::into(observation.cost_seconds), soci::into(metadata), soci::into(observation.created),
       soci::into(deleted), soci::into(more_values), soci::into(on_the_way));
  rows.execute();
  while (rows.fetch()) {
    observation.point = {
        optimizer::stored_assignments_from_json(parse_json(assignments, where),
                                                space_of(observation.experiment), where),
        static_cast<std::size_t>(task)};
    observation.metadata = parse_json(metadata, where);
    observation.value = has_value == soci::i_ok ? std::optional(value) : std::nullopt;
    observation.value_stddev = has_stddev == soci::i_ok ? std::optional(stddev) : std::nullopt;
    observation.more_values = more_values_from(parse_json(more_values, where));
    observation.deleted = deleted != 0;
    observation.on_the_way = on_the_way != 0;
    visit(observation);
  }
}

void each_record(soci::session& sql, const Clause& clause, const std::string& where,
                 const std::function<void(const Record&)>& visit) {
  Record record;
  std::string body;
  auto prepared_rows =
      prepared(sql,
               "SELECT id, kind, owner, name, state, experiment, expires, body, created"
               " FROM records" +
                   clause.sql,
               clause.texts);
  soci::statement rows =
      (prepared_rows, soci::into(record.id), soci::into(record.kind), soci::into(record.owner),
       soci::into(record.name), soci::into(record.state), soci::into(record.experiment),
       soci::into(record.expires), soci::into(body), soci::into(record.created));
  rows.execute();
  while (rows.fetch()) {
    record.body = parse_json(body, where);
    visit(record);
  }
}

std::size_t count_rows(soci::session& sql, const char* table, const Clause& clause) {
  long long count = 0;
  auto prepared_rows =
      prepared(sql, fmt::format("SELECT count(*) FROM {}{}", table, clause.sql), clause.texts);
  soci::statement rows = (prepared_rows, soci::into(count));
  rows.execute(true);
  return static_cast<std::size_t>(count);
}

}  // namespace frugal::experiment
