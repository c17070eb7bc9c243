#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "base/error.h"
#include "experiment/sqlite_rows.h"
#include "experiment/sqlite_schema.h"
#include "experiment/store.h"

namespace frugal::experiment {
namespace {

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

// Two sessions: one writes, one reads what was committed. In the write-ahead log neither waits for
// the other.
class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const std::string& path) : path_(path), lock_(path) {
    guard([&] {
      writer_.open(soci::sqlite3, fmt::format("db={}", path));
      prepare_schema(writer_, path);
      writer_ << "PRAGMA journal_mode = WAL";
      writer_ << "PRAGMA synchronous = FULL";
      writer_ << "PRAGMA foreign_keys = ON";
      reader_.open(soci::sqlite3, fmt::format("db={}", path));
    });
    experiments();  // whose spaces type the rows
  }

  void transact(const std::function<void()>& changes) override {
    guard([&] {
      soci::transaction transaction(writer_);
      changes();
      transaction.commit();
    });
  }

  Id add(const Experiment& experiment) override {
    return guard([&] {
      const std::string body = to_json(experiment).dump();
      soci::indicator has_id = experiment.id > 0 ? soci::i_ok : soci::i_null;
      Id id = 0;
      writer_ << "INSERT INTO experiments(id, body, created) VALUES (:id, :body, :created)"
                 " RETURNING id",
          soci::use(experiment.id, has_id), soci::use(body), soci::use(experiment.created),
          soci::into(id);
      keep_space(id, experiment.space);
      return id;
    });
  }

  void update(const Experiment& experiment) override {
    guard([&] {
      const std::string body = to_json(experiment).dump();
      writer_ << "UPDATE experiments SET body = :body WHERE id = :id", soci::use(body),
          soci::use(experiment.id);
      keep_space(experiment.id, experiment.space);
    });
  }

  std::vector<Experiment> experiments() override {
    return read([&] {
      std::vector<Experiment> all;
      Id id = 0;
      std::string body;
      double created = 0;
      soci::statement rows =
          (reader_.prepare << "SELECT id, body, created FROM experiments ORDER BY id",
           soci::into(id), soci::into(body), soci::into(created));
      rows.execute();
      while (rows.fetch()) {
        const Json json = parse_json(body, path_);
        all.push_back(experiment_from_json(json, path_));
        all.back().id = id;
        all.back().created = created;
        if (const auto updated = json.find("updated");
            updated != json.end() && updated->is_number())
          all.back().updated = updated->get<double>();
        keep_space(id, all.back().space);
      }
      return all;
    });
  }

  Id add(const Trial& trial) override { return insert(trial); }
  void update(const Trial& trial) override { overwrite(trial); }
  std::vector<Trial> trials(Id experiment) override {
    return trials(RowQuery{.experiment = experiment, .deleted = std::nullopt});
  }
  std::vector<Trial> trials(const RowQuery& query) override {
    require_experiment(query.experiment);
    return read([&] {
      std::vector<Trial> all;
      each_trial(reader_, clause_of(query, true), space_, path_,
                 [&](const Trial& trial) { all.push_back(trial); });
      return all;
    });
  }
  std::size_t count_trials(const RowQuery& query) override {
    return read([&] { return count_rows(reader_, "trials", clause_of(query, true, false)); });
  }
  std::optional<Trial> trial(Id id) override {
    return read([&] {
      std::optional<Trial> found;
      each_trial(reader_, clause_of(RowQuery{.only = id, .deleted = std::nullopt}, true), space_,
                 path_, [&](const Trial& trial) { found = trial; });
      return found;
    });
  }

  Id add(const Observation& observation) override { return insert(observation); }
  void update(const Observation& observation) override { overwrite(observation); }
  std::vector<Observation> observations(Id experiment) override {
    return observations(RowQuery{.experiment = experiment});
  }
  std::vector<Observation> observations(const RowQuery& query) override {
    std::vector<Observation> all;
    each_observation(query, [&](const Observation& row) { all.push_back(row); });
    return all;
  }
  std::size_t count_observations(const RowQuery& query) override {
    return read(
        [&] { return count_rows(reader_, "observations", clause_of(query, false, false)); });
  }
  void each_observation(const RowQuery& query,
                        const std::function<void(const Observation&)>& visit) override {
    require_experiment(query.experiment);
    read([&] {
      experiment::each_observation(reader_, clause_of(query, false), space_, path_, visit);
    });
  }

  Id add(const Record& record) override { return insert(record); }
  void update(const Record& record) override { overwrite(record); }
  void remove_records(const RecordQuery& query) override {
    guard([&] {
      const Clause clause = clause_of(query, false);
      soci::details::prepare_temp_type prepared =
          (writer_.prepare << "DELETE FROM records" + clause.sql);
      for (const std::string& text : clause.texts) prepared, soci::use(text);
      soci::statement(prepared).execute(true);
    });
  }
  std::vector<Record> records(const RecordQuery& query) override {
    return read([&] {
      std::vector<Record> all;
      each_record(reader_, clause_of(query), path_,
                  [&](const Record& record) { all.push_back(record); });
      return all;
    });
  }
  std::size_t count_records(const RecordQuery& query) override {
    return read([&] { return count_rows(reader_, "records", clause_of(query, false)); });
  }

  LastIds last_ids() override {
    return read([&] {
      LastIds last;
      reader_ << "SELECT coalesce((SELECT max(id) FROM experiments), 0),"
                 " coalesce((SELECT max(id) FROM trials), 0),"
                 " coalesce((SELECT max(id) FROM observations), 0),"
                 " coalesce((SELECT max(id) FROM records), 0)",
          soci::into(last.experiment), soci::into(last.trial), soci::into(last.observation),
          soci::into(last.record);
      return last;
    });
  }

  void set_value(const std::string& key, const std::string& value) override {
    guard([&] {
      writer_ << "INSERT INTO frugal(key, value) VALUES (:k, :v)"
                 " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
          soci::use(key), soci::use(value);
    });
  }

  std::optional<std::string> value(const std::string& key) override {
    return read([&]() -> std::optional<std::string> {
      std::string text;
      reader_ << "SELECT value FROM frugal WHERE key = :k", soci::use(key), soci::into(text);
      return reader_.got_data() ? std::optional(text) : std::nullopt;
    });
  }

 private:
  // SOCI's exceptions as ours, with the file's name.
  template <typename Function>
  auto guard(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const soci::soci_error& error) {
      throw SystemError(fmt::format("the store {}: {}", path_, error.get_error_message()));
    }
  }
  template <typename Function>
  auto read(Function function) -> decltype(function()) {
    const std::lock_guard lock(reading_);
    return guard(function);
  }

  template <typename Row>
  Id insert(const Row& row) {
    return guard([&] {
      Id id = 0;
      insert_or_update(writer_, row, &id);
      return id;
    });
  }
  template <typename Row>
  void overwrite(const Row& row) {
    guard([&] { insert_or_update(writer_, row, nullptr); });
  }

  void keep_space(Id experiment, const optimizer::Space& space) {
    const std::lock_guard lock(spaces_lock_);
    spaces_[experiment] = std::make_shared<const optimizer::Space>(space);
  }
  void require_experiment(Id experiment) {
    const std::lock_guard lock(spaces_lock_);
    if (!spaces_.contains(experiment))
      throw InputError(fmt::format("{} has no experiment {}", path_, experiment));
  }

  std::string path_;
  WriterLock lock_;
  soci::session writer_, reader_;
  std::mutex reading_;

  std::mutex spaces_lock_;
  std::map<Id, std::shared_ptr<const optimizer::Space>> spaces_;
  std::shared_ptr<const optimizer::Space> space_in_use_;  // of the row that is being read
  SpaceOf space_ = [this](Id experiment) -> const optimizer::Space& {
    const std::lock_guard lock(spaces_lock_);
    const auto found = spaces_.find(experiment);
    if (found == spaces_.end())
      throw InputError(fmt::format("{} has no experiment {}", path_, experiment));
    space_in_use_ = found->second;
    return *space_in_use_;
  };
};

}  // namespace

std::unique_ptr<Store> open_sqlite_store(const std::string& path) {
  return std::make_unique<SqliteStore>(path);
}

}  // namespace frugal::experiment
