#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "experiment/store.h"

namespace frugal::experiment {
namespace {

constexpr int kSchemaVersion = 2;

constexpr const char* kSchema[] = {
    "CREATE TABLE frugal (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE experiments (id INTEGER PRIMARY KEY, body TEXT NOT NULL, created DOUBLE "
    "PRECISION NOT NULL)",
    "CREATE TABLE trials (id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL REFERENCES "
    "experiments(id),"
    " assignments TEXT NOT NULL, task INTEGER NOT NULL, purpose TEXT NOT NULL, metadata TEXT NOT "
    "NULL,"
    " state TEXT NOT NULL, fence INTEGER NOT NULL, worker TEXT NOT NULL, lease_expires DOUBLE "
    "PRECISION NOT NULL,"
    " attempts INTEGER NOT NULL, wall_seconds DOUBLE PRECISION NOT NULL, cpu_seconds DOUBLE "
    "PRECISION NOT NULL,"
    " attempt_wall_seconds DOUBLE PRECISION NOT NULL, attempt_cpu_seconds DOUBLE PRECISION NOT "
    "NULL,"
    " checkpoint TEXT NOT NULL, reason TEXT NOT NULL, progress TEXT NOT NULL, created DOUBLE "
    "PRECISION NOT NULL,"
    " started DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION NOT NULL)",
    // With the columns of kMigrations[0] behind these.
    "CREATE INDEX trials_experiment ON trials(experiment)",
    "CREATE TABLE observations (id INTEGER PRIMARY KEY, experiment INTEGER NOT NULL REFERENCES "
    "experiments(id),"
    " trial INTEGER NOT NULL, assignments TEXT NOT NULL, task INTEGER NOT NULL, value DOUBLE "
    "PRECISION,"
    " value_stddev DOUBLE PRECISION, cost_seconds DOUBLE PRECISION NOT NULL,"
    " metadata TEXT NOT NULL, created DOUBLE "
    "PRECISION NOT NULL)",
    "CREATE INDEX observations_experiment ON observations(experiment)",
};

// kMigrations[i]: from schema i + 1 to i + 2. A new store is made of schema 1 and all of them.
const std::vector<std::vector<std::string>> kMigrations = {
    {"ALTER TABLE trials ADD COLUMN device_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
     "ALTER TABLE trials ADD COLUMN peak_memory_bytes DOUBLE PRECISION NOT NULL DEFAULT 0",
     "ALTER TABLE trials ADD COLUMN machine_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
     "ALTER TABLE trials ADD COLUMN dollars DOUBLE PRECISION NOT NULL DEFAULT 0",
     "ALTER TABLE trials ADD COLUMN attempt_device_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
     "ALTER TABLE trials ADD COLUMN attempt_peak_memory_bytes DOUBLE PRECISION NOT NULL DEFAULT "
     "0"},
};

// Held as long as the store is open: one process writes.
class WriterLock {
 public:
  explicit WriterLock(const std::string& store) : path_(store + ".lock") {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw SystemError(fmt::format("cannot open {}", path_), errno);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      char owner[32] = {};
      const bool known = ::pread(fd_, owner, sizeof owner - 1, 0) > 0;
      ::close(fd_);
      throw InputError(fmt::format(
          "{} is in use by another frugal{}; wait for it, stop it, or give another --output", store,
          known ? fmt::format(" (process {})", owner) : ""));
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0)
      throw SystemError(fmt::format("cannot write {}", path_), errno);
  }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;
  ~WriterLock() { ::close(fd_); }

 private:
  std::string path_;
  int fd_ = -1;
};

template <typename T>
soci::indicator indicator_of(const std::optional<T>& value) {
  return value ? soci::i_ok : soci::i_null;
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const std::string& path) : path_(path), lock_(path) {
    guard([&] {
      sql_.open(soci::sqlite3, fmt::format("db={}", path));
      const int version = schema_version();
      sql_ << "PRAGMA journal_mode = WAL";
      sql_ << "PRAGMA synchronous = FULL";
      sql_ << "PRAGMA foreign_keys = ON";
      migrate(version);
    });
  }

  void transact(const std::function<void()>& changes) override {
    guard([&] {
      soci::transaction transaction(sql_);
      changes();
      transaction.commit();
    });
  }

  Id add(const Experiment& experiment) override {
    return guard([&] {
      const std::string body = to_json(experiment).dump();
      Id id = 0;
      sql_ << "INSERT INTO experiments(body, created) VALUES (:body, :created) RETURNING id",
          soci::use(body), soci::use(experiment.created), soci::into(id);
      return id;
    });
  }

  void update(const Experiment& experiment) override {
    guard([&] {
      const std::string body = to_json(experiment).dump();
      sql_ << "UPDATE experiments SET body = :body WHERE id = :id", soci::use(body),
          soci::use(experiment.id);
    });
  }

  std::vector<Experiment> experiments() override {
    return guard([&] {
      std::vector<Experiment> all;
      Id id = 0;
      std::string body;
      double created = 0;
      soci::statement rows =
          (sql_.prepare << "SELECT id, body, created FROM experiments ORDER BY id", soci::into(id),
           soci::into(body), soci::into(created));
      rows.execute();
      while (rows.fetch()) {
        all.push_back(experiment_from_json(parse_json(body, path_), path_));
        all.back().id = id;
        all.back().created = created;
      }
      return all;
    });
  }

  Id add(const Trial& trial) override {
    return guard([&] {
      Id id = 0;
      const TrialRow row(trial);
      sql_ << "INSERT INTO trials(experiment, assignments, task, purpose, metadata, state, fence, "
              "worker,"
              " lease_expires, attempts, wall_seconds, cpu_seconds, attempt_wall_seconds,"
              " attempt_cpu_seconds, checkpoint, reason, progress, created, started, ended,"
              " device_seconds, peak_memory_bytes, machine_seconds, dollars,"
              " attempt_device_seconds, attempt_peak_memory_bytes)"
              " VALUES (:experiment, :assignments, :task, :purpose, :metadata, :state, :fence, "
              ":worker, :lease,"
              " :attempts, :wall, :cpu, :attempt_wall, :attempt_cpu, :checkpoint, :reason, "
              ":progress, :created,"
              " :started, :ended, :device, :peak, :machine, :dollars, :attempt_device,"
              " :attempt_peak) RETURNING id",
          soci::use(trial.experiment), soci::use(row.assignments), soci::use(row.task),
          soci::use(trial.purpose), soci::use(row.metadata), soci::use(row.state),
          soci::use(trial.fence), soci::use(trial.worker), soci::use(trial.lease_expires),
          soci::use(trial.attempts), soci::use(trial.cost.wall_seconds),
          soci::use(trial.cost.cpu_seconds), soci::use(trial.attempt_cost.wall_seconds),
          soci::use(trial.attempt_cost.cpu_seconds), soci::use(trial.checkpoint),
          soci::use(trial.reason), soci::use(row.progress), soci::use(trial.created),
          soci::use(trial.started), soci::use(trial.ended), soci::use(trial.cost.device_seconds),
          soci::use(trial.cost.peak_memory_bytes), soci::use(trial.cost.machine_seconds),
          soci::use(trial.cost.dollars), soci::use(trial.attempt_cost.device_seconds),
          soci::use(trial.attempt_cost.peak_memory_bytes), soci::into(id);
      return id;
    });
  }

  void update(const Trial& trial) override {
    guard([&] {
      const TrialRow row(trial);
      sql_ << "UPDATE trials SET state = :state, fence = :fence, worker = :worker, lease_expires = "
              ":lease,"
              " attempts = :attempts, wall_seconds = :wall, cpu_seconds = :cpu,"
              " attempt_wall_seconds = :attempt_wall, attempt_cpu_seconds = :attempt_cpu,"
              " checkpoint = :checkpoint, reason = :reason, progress = :progress, metadata = "
              ":metadata,"
              " started = :started, ended = :ended, device_seconds = :device,"
              " peak_memory_bytes = :peak, machine_seconds = :machine, dollars = :dollars,"
              " attempt_device_seconds = :attempt_device,"
              " attempt_peak_memory_bytes = :attempt_peak WHERE id = :id",
          soci::use(row.state), soci::use(trial.fence), soci::use(trial.worker),
          soci::use(trial.lease_expires), soci::use(trial.attempts),
          soci::use(trial.cost.wall_seconds), soci::use(trial.cost.cpu_seconds),
          soci::use(trial.attempt_cost.wall_seconds), soci::use(trial.attempt_cost.cpu_seconds),
          soci::use(trial.checkpoint), soci::use(trial.reason), soci::use(row.progress),
          soci::use(row.metadata), soci::use(trial.started), soci::use(trial.ended),
          soci::use(trial.cost.device_seconds), soci::use(trial.cost.peak_memory_bytes),
          soci::use(trial.cost.machine_seconds), soci::use(trial.cost.dollars),
          soci::use(trial.attempt_cost.device_seconds),
          soci::use(trial.attempt_cost.peak_memory_bytes), soci::use(trial.id);
    });
  }

  std::vector<Trial> trials(Id experiment) override {
    const optimizer::Space space = space_of(experiment);
    return guard([&] {
      std::vector<Trial> all;
      Trial trial;
      std::string assignments, metadata, state, progress;
      int task = 0;
      soci::statement rows =
          (sql_.prepare
               << "SELECT id, assignments, task, purpose, metadata, state, fence, worker, "
                  "lease_expires,"
                  " attempts, wall_seconds, cpu_seconds, attempt_wall_seconds, attempt_cpu_seconds,"
                  " checkpoint, reason, progress, created, started, ended, device_seconds,"
                  " peak_memory_bytes, machine_seconds, dollars, attempt_device_seconds,"
                  " attempt_peak_memory_bytes"
                  " FROM trials WHERE experiment = :e ORDER BY id",
           soci::use(experiment), soci::into(trial.id), soci::into(assignments), soci::into(task),
           soci::into(trial.purpose), soci::into(metadata), soci::into(state),
           soci::into(trial.fence), soci::into(trial.worker), soci::into(trial.lease_expires),
           soci::into(trial.attempts), soci::into(trial.cost.wall_seconds),
           soci::into(trial.cost.cpu_seconds), soci::into(trial.attempt_cost.wall_seconds),
           soci::into(trial.attempt_cost.cpu_seconds), soci::into(trial.checkpoint),
           soci::into(trial.reason), soci::into(progress), soci::into(trial.created),
           soci::into(trial.started), soci::into(trial.ended),
           soci::into(trial.cost.device_seconds), soci::into(trial.cost.peak_memory_bytes),
           soci::into(trial.cost.machine_seconds), soci::into(trial.cost.dollars),
           soci::into(trial.attempt_cost.device_seconds),
           soci::into(trial.attempt_cost.peak_memory_bytes));
      rows.execute();
      while (rows.fetch()) {
        trial.experiment = experiment;
        trial.suggestion.assignments =
            optimizer::assignments_from_json(parse_json(assignments, path_), space, path_);
        trial.suggestion.task = static_cast<std::size_t>(task);
        trial.metadata = parse_json(metadata, path_);
        trial.state = trial_state_named(state);
        trial.progress = parse_json(progress, path_);
        all.push_back(trial);
      }
      return all;
    });
  }

  Id add(const Observation& observation) override {
    return guard([&] {
      Id id = 0;
      const std::string assignments = optimizer::to_json(observation.point.assignments).dump();
      const std::string metadata = observation.metadata.dump();
      const int task = static_cast<int>(observation.point.task);
      const double value = observation.value.value_or(0),
                   stddev = observation.value_stddev.value_or(0);
      soci::indicator has_value = indicator_of(observation.value),
                      has_stddev = indicator_of(observation.value_stddev);
      sql_ << "INSERT INTO observations(experiment, trial, assignments, task, value, value_stddev, "
              "cost_seconds, metadata, created)"
              " VALUES (:e, :tr, :a, :t, :v, :s, :c, :m, :cr) RETURNING id",
          soci::use(observation.experiment), soci::use(observation.trial), soci::use(assignments),
          soci::use(task), soci::use(value, has_value), soci::use(stddev, has_stddev),
          soci::use(observation.cost_seconds), soci::use(metadata), soci::use(observation.created),
          soci::into(id);
      return id;
    });
  }

  std::vector<Observation> observations(Id experiment) override {
    const optimizer::Space space = space_of(experiment);
    return guard([&] {
      std::vector<Observation> all;
      Observation observation;
      std::string assignments, metadata;
      int task = 0;
      double value = 0, stddev = 0;
      soci::indicator has_value{}, has_stddev{};
      soci::statement rows =
          (sql_.prepare << "SELECT id, trial, assignments, task, value, value_stddev, "
                           "cost_seconds, metadata,"
                           " created"
                           " FROM observations WHERE experiment = :e ORDER BY id",
           soci::use(experiment), soci::into(observation.id), soci::into(observation.trial),
           soci::into(assignments), soci::into(task), soci::into(value, has_value),
           soci::into(stddev, has_stddev), soci::into(observation.cost_seconds),
           soci::into(metadata), soci::into(observation.created));
      rows.execute();
      while (rows.fetch()) {
        observation.experiment = experiment;
        observation.point = {
            optimizer::assignments_from_json(parse_json(assignments, path_), space, path_),
            static_cast<std::size_t>(task)};
        observation.metadata = parse_json(metadata, path_);
        observation.value = has_value == soci::i_ok ? std::optional(value) : std::nullopt;
        observation.value_stddev = has_stddev == soci::i_ok ? std::optional(stddev) : std::nullopt;
        all.push_back(observation);
      }
      return all;
    });
  }

  void set_value(const std::string& key, const std::string& value) override {
    guard([&] {
      sql_ << "INSERT INTO frugal(key, value) VALUES (:k, :v) ON CONFLICT(key) DO UPDATE SET value "
              "= excluded.value",
          soci::use(key), soci::use(value);
    });
  }

  std::optional<std::string> value(const std::string& key) override {
    return guard([&]() -> std::optional<std::string> {
      std::string text;
      sql_ << "SELECT value FROM frugal WHERE key = :k", soci::use(key), soci::into(text);
      return sql_.got_data() ? std::optional(text) : std::nullopt;
    });
  }

 private:
  // What of a trial is stored as text.
  struct TrialRow {
    explicit TrialRow(const Trial& trial)
        : assignments(optimizer::to_json(trial.suggestion.assignments).dump()),
          metadata(trial.metadata.dump()),
          progress(trial.progress.dump()),
          state(to_string(trial.state)),
          task(static_cast<int>(trial.suggestion.task)) {}
    std::string assignments, metadata, progress, state;
    int task;
  };

  // SOCI's exceptions as ours, with the file's name.
  template <typename Function>
  auto guard(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const soci::soci_error& error) {
      throw SystemError(fmt::format("the store {}: {}", path_, error.get_error_message()));
    }
  }

  // Reads only: a file that is refused stays as it was. 0 when there is nothing in it yet.
  int schema_version() {
    int tables = 0, ours = 0;
    sql_ << "SELECT count(*) FROM sqlite_master", soci::into(tables);
    if (tables == 0) return 0;
    sql_ << "SELECT count(*) FROM sqlite_master WHERE name = 'frugal'", soci::into(ours);
    if (ours == 0) throw InputError(fmt::format("{} is a database, but none of frugal's", path_));
    const std::string text = value("schema_version").value_or("");
    int version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || version < 1)
      throw InputError(fmt::format("{} is damaged: its schema version is \"{}\"", path_, text));
    if (version > kSchemaVersion)
      throw InputError(fmt::format(
          "{} was written by a newer frugal (schema {}, this one knows {}); use that one", path_,
          version, kSchemaVersion));
    return version;
  }

  // All of it or none of it.
  void migrate(int version) {
    if (version == kSchemaVersion) return;
    soci::transaction transaction(sql_);
    if (version == 0)
      for (const char* statement : kSchema) sql_ << statement;
    for (std::size_t i = static_cast<std::size_t>(std::max(version, 1)) - 1; i < kMigrations.size();
         ++i)
      for (const std::string& statement : kMigrations[i]) sql_ << statement;
    set_value("schema_version", std::to_string(kSchemaVersion));
    transaction.commit();
  }

  optimizer::Space space_of(Id experiment) {
    for (const auto& candidate : experiments())
      if (candidate.id == experiment) return candidate.space;
    throw InputError(fmt::format("{} has no experiment {}", path_, experiment));
  }

  std::string path_;
  WriterLock lock_;
  soci::session sql_;
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::string& path) {
  return std::make_unique<SqliteStore>(path);
}

}  // namespace frugal::experiment
