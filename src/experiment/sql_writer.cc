#include "experiment/sql_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace frugal::experiment {
namespace {

using Preparing = soci::details::prepare_temp_type;

template <typename T>
soci::indicator indicator_of(const std::optional<T>& value) {
  return value ? soci::i_ok : soci::i_null;
}

// {name: [value, value_stddev]}
Json more_values_json(const std::vector<MetricValue>& values) {
  Json json = Json::object();
  for (const MetricValue& value : values)
    json[value.name] = {value.value, value.value_stddev ? Json(*value.value_stddev) : Json()};
  return json;
}

// The columns of a row: where a statement reads them, execution after execution.
template <typename Row>
struct Columns;

template <>
struct Columns<Trial> {
  static constexpr const char* kTable = "trials";
  static constexpr const char* kInsert =
      "INSERT INTO trials(id, experiment, assignments, task, purpose, created, state, fence,"
      " worker, lease_expires, attempts, wall_seconds, cpu_seconds, attempt_wall_seconds,"
      " attempt_cpu_seconds, checkpoint, reason, progress, metadata, started, ended, deleted,"
      " device_seconds, peak_memory_bytes, machine_seconds, dollars, attempt_device_seconds,"
      " attempt_peak_memory_bytes)"
      " VALUES (:id, :experiment, :assignments, :task, :purpose, :created, :state, :fence,"
      " :worker, :lease, :attempts, :wall, :cpu, :attempt_wall, :attempt_cpu, :checkpoint,"
      " :reason, :progress, :metadata, :started, :ended, :deleted, :device, :peak, :machine,"
      " :dollars, :attempt_device, :attempt_peak)";
  static constexpr const char* kUpdate =
      "UPDATE trials SET state = :state, fence = :fence, worker = :worker,"
      " lease_expires = :lease, attempts = :attempts, wall_seconds = :wall,"
      " cpu_seconds = :cpu, attempt_wall_seconds = :attempt_wall,"
      " attempt_cpu_seconds = :attempt_cpu, checkpoint = :checkpoint, reason = :reason,"
      " progress = :progress, metadata = :metadata, started = :started, ended = :ended,"
      " deleted = :deleted, device_seconds = :device, peak_memory_bytes = :peak,"
      " machine_seconds = :machine, dollars = :dollars,"
      " attempt_device_seconds = :attempt_device,"
      " attempt_peak_memory_bytes = :attempt_peak WHERE id = :id";

  Trial row;
  std::string assignments, metadata, progress, state;
  int task = 0, deleted = 0;

  void take(const Trial& trial) {
    row = trial;
    assignments = optimizer::to_json(trial.suggestion.assignments).dump();
    metadata = trial.metadata.dump();
    progress = trial.progress.dump();
    state = to_string(trial.state);
    task = static_cast<int>(trial.suggestion.task);
    deleted = trial.deleted ? 1 : 0;
  }
  void use_changing(Preparing& statement) {
    statement, soci::use(state), soci::use(row.fence), soci::use(row.worker),
        soci::use(row.lease_expires), soci::use(row.attempts), soci::use(row.cost.wall_seconds),
        soci::use(row.cost.cpu_seconds), soci::use(row.attempt_cost.wall_seconds),
        soci::use(row.attempt_cost.cpu_seconds), soci::use(row.checkpoint), soci::use(row.reason),
        soci::use(progress), soci::use(metadata), soci::use(row.started), soci::use(row.ended),
        soci::use(deleted), soci::use(row.cost.device_seconds),
        soci::use(row.cost.peak_memory_bytes), soci::use(row.cost.machine_seconds),
        soci::use(row.cost.dollars), soci::use(row.attempt_cost.device_seconds),
        soci::use(row.attempt_cost.peak_memory_bytes);
  }
  void use_all(Preparing& statement) {
    statement, soci::use(row.id), soci::use(row.experiment), soci::use(assignments),
        soci::use(task), soci::use(row.purpose), soci::use(row.created);
    use_changing(statement);
  }
};

template <>
struct Columns<Observation> {
  static constexpr const char* kTable = "observations";
  static constexpr const char* kInsert =
      "INSERT INTO observations(id, experiment, cost_seconds, created, trial, assignments, task,"
      " value, value_stddev, metadata, deleted, more_values)"
      " VALUES (:id, :experiment, :cost, :created, :trial, :assignments, :task, :value, :stddev,"
      " :metadata, :deleted, :more)";
  static constexpr const char* kUpdate =
      "UPDATE observations SET trial = :trial, assignments = :assignments, task = :task,"
      " value = :value, value_stddev = :stddev, metadata = :metadata, deleted = :deleted,"
      " more_values = :more WHERE id = :id";

  Observation row;
  std::string assignments, metadata, more_values;
  int task = 0, deleted = 0;
  double value = 0, stddev = 0;
  soci::indicator has_value{}, has_stddev{};

  void take(const Observation& observation) {
    row = observation;
    assignments = optimizer::to_json(observation.point.assignments).dump();
    metadata = observation.metadata.dump();
    more_values = more_values_json(observation.more_values).dump();
    task = static_cast<int>(observation.point.task);
    deleted = observation.deleted ? 1 : 0;
    value = observation.value.value_or(0);
    stddev = observation.value_stddev.value_or(0);
    has_value = indicator_of(observation.value);
    has_stddev = indicator_of(observation.value_stddev);
  }
  void use_changing(Preparing& statement) {
    statement, soci::use(row.trial), soci::use(assignments), soci::use(task),
        soci::use(value, has_value), soci::use(stddev, has_stddev), soci::use(metadata),
        soci::use(deleted), soci::use(more_values);
  }
  void use_all(Preparing& statement) {
    statement, soci::use(row.id), soci::use(row.experiment), soci::use(row.cost_seconds),
        soci::use(row.created);
    use_changing(statement);
  }
};

template <>
struct Columns<Record> {
  static constexpr const char* kTable = "records";
  static constexpr const char* kInsert =
      "INSERT INTO records(id, kind, created, owner, name, state, experiment, expires, body)"
      " VALUES (:id, :kind, :created, :owner, :name, :state, :experiment, :expires, :body)";
  static constexpr const char* kUpdate =
      "UPDATE records SET owner = :owner, name = :name, state = :state,"
      " experiment = :experiment, expires = :expires, body = :body WHERE id = :id";

  Record row;
  std::string body;

  void take(const Record& record) {
    row = record;
    body = record.body.dump();
  }
  void use_changing(Preparing& statement) {
    statement, soci::use(row.owner), soci::use(row.name), soci::use(row.state),
        soci::use(row.experiment), soci::use(row.expires), soci::use(body);
  }
  void use_all(Preparing& statement) {
    statement, soci::use(row.id), soci::use(row.kind), soci::use(row.created);
    use_changing(statement);
  }
};

// Parsed at its first use, and anew after it failed.
class Statement {
 public:
  template <typename Bind>
  void execute(soci::session& sql, const char* text, Bind bind) {
    try {
      if (!parsed_) {
        Preparing preparing = (sql.prepare << text);
        bind(preparing);
        parsed_.emplace(preparing);
      }
      parsed_->execute(true);
    } catch (...) {
      parsed_.reset();
      throw;
    }
  }
  void forget() { parsed_.reset(); }

 private:
  std::optional<soci::statement> parsed_;
};

}  // namespace

template <typename Row>
struct SqlWriter::Table {
  Columns<Row> columns;
  Statement inserting, updating;

  Id insert(soci::session& sql, const Row& row) {
    columns.take(row);
    Id& id = columns.row.id;
    if (id <= 0)  // nobody else writes
      sql << fmt::format("SELECT coalesce(max(id), 0) + 1 FROM {}", columns.kTable), soci::into(id);
    inserting.execute(sql, columns.kInsert,
                      [this](Preparing& statement) { columns.use_all(statement); });
    return id;
  }
  void update(soci::session& sql, const Row& row) {
    columns.take(row);
    updating.execute(sql, columns.kUpdate, [this](Preparing& statement) {
      columns.use_changing(statement);
      statement, soci::use(columns.row.id);
    });
  }
  void forget() {
    inserting.forget();
    updating.forget();
  }
};

struct SqlWriter::Tables {
  Table<Trial> trials;
  Table<Observation> observations;
  Table<Record> records;
};

SqlWriter::SqlWriter(soci::session& sql) : sql_(sql), tables_(std::make_unique<Tables>()) {}

SqlWriter::~SqlWriter() = default;

Id SqlWriter::insert(const Trial& row) {
  return tables_->trials.insert(sql_, row);
}
Id SqlWriter::insert(const Observation& row) {
  return tables_->observations.insert(sql_, row);
}
Id SqlWriter::insert(const Record& row) {
  return tables_->records.insert(sql_, row);
}

void SqlWriter::update(const Trial& row) {
  tables_->trials.update(sql_, row);
}
void SqlWriter::update(const Observation& row) {
  tables_->observations.update(sql_, row);
}
void SqlWriter::update(const Record& row) {
  tables_->records.update(sql_, row);
}

void SqlWriter::forget() {
  tables_->trials.forget();
  tables_->observations.forget();
  tables_->records.forget();
}

}  // namespace frugal::experiment
