// The only truth: experiments, trials, observations, and the server's own records on disk. One
// process writes; what a transaction has returned from is durable. docs/store.md has the schema.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.h"

namespace frugal::experiment {

// Some of an experiment's trials or observations, in ascending or descending order of id, or of
// what `sort` names.
struct RowQuery {
  Id experiment = 0;
  Id after = -1, before = std::numeric_limits<Id>::max();  // exclusive
  std::optional<Id> only;                                  // one row
  std::size_t limit = std::numeric_limits<std::int32_t>::max();
  std::size_t offset = 0;
  bool ascending = true;
  std::optional<bool> deleted = false;  // nullopt: both
  // Trials: asked for and begun by nobody; done or failed.
  std::optional<bool> waiting, ended;
  // Observations: "" (id), "value", "value_stddev", "created", "task", or a metric's value, its
  // standard deviation or a parameter by name.
  std::string sort;
  std::string sort_name;  // with sort "metric", "metric_stddev", "parameter"
};

// What the server keeps besides: projects, training runs, checkpoints, tokens, answered
// idempotency keys. Everything that no query asks for is in the body.
struct Record {
  Id id = 0;
  std::string kind;
  std::string owner;  // whose it is: a project's runs, a run's checkpoints
  std::string name;
  std::string state;
  Id experiment = 0;
  double expires = 0;  // 0: never
  Json body = Json::object();
  double created = 0;
};

struct RecordQuery {
  std::string kind;
  std::optional<Id> only;
  std::optional<std::string> owner, name, state;
  std::optional<Id> experiment;
  std::optional<double> expired_before;  // and expires > 0
  Id after = -1, before = std::numeric_limits<Id>::max();
  std::size_t limit = std::numeric_limits<std::int32_t>::max();
  bool ascending = true;
};

// One thread writes at a time; any may read meanwhile, and sees what was committed.
class Store {
 public:
  virtual ~Store() = default;

  // Runs the function in one transaction: all of it or none of it.
  virtual void transact(const std::function<void()>& changes) = 0;

  // add: an id of 0 is given by the store, any other is kept. Returns the id.
  virtual Id add(const Experiment& experiment) = 0;
  virtual void update(const Experiment& experiment) = 0;
  virtual std::vector<Experiment> experiments() = 0;  // by id

  virtual Id add(const Trial& trial) = 0;
  virtual void update(const Trial& trial) = 0;
  virtual std::vector<Trial> trials(Id experiment) = 0;  // by id
  virtual std::vector<Trial> trials(const RowQuery& query) = 0;
  virtual std::size_t count_trials(const RowQuery& query) = 0;  // without its limits
  virtual std::optional<Trial> trial(Id id) = 0;

  virtual Id add(const Observation& observation) = 0;
  virtual void update(const Observation& observation) = 0;
  virtual std::vector<Observation> observations(Id experiment) = 0;  // by id
  virtual std::vector<Observation> observations(const RowQuery& query) = 0;
  virtual std::size_t count_observations(const RowQuery& query) = 0;
  // One after the other, so that no more than one is in memory.
  virtual void each_observation(const RowQuery& query,
                                const std::function<void(const Observation&)>& visit) = 0;

  virtual Id add(const Record& record) = 0;
  virtual void update(const Record& record) = 0;
  virtual void remove_records(const RecordQuery& query) = 0;
  virtual std::vector<Record> records(const RecordQuery& query) = 0;
  virtual std::size_t count_records(const RecordQuery& query) = 0;

  // The largest ids given so far, 0 when there is none.
  struct LastIds {
    Id experiment = 0, trial = 0, observation = 0, record = 0;
  };
  virtual LastIds last_ids() = 0;

  // Small named values of the whole store ("spent_seconds").
  virtual void set_value(const std::string& key, const std::string& value) = 0;
  virtual std::optional<std::string> value(const std::string& key) = 0;
};

// A SQLite file, made when missing. Throws InputError: not a store, a newer version's, another
// process writes to it (named); SystemError: a full disk.
std::unique_ptr<Store> open_sqlite_store(const std::string& path);

// A database of a PostgreSQL server: "postgresql://USER@HOST:PORT/DATABASE?...", libpq's addresses;
// the tables lie in the connection's first schema. A connection that is lost is made again, for up
// to patience_seconds each time. Throws InputError: no such server, database, role or right; a
// newer version's; another coordinator has it (named). No message holds a password.
std::unique_ptr<Store> open_postgresql_store(const std::string& address,
                                             double patience_seconds = 10);

// Whichever of the two the address is.
bool is_postgresql(const std::string& store);
std::unique_ptr<Store> open_store(const std::string& store);

// As messages may show it: an address without its password.
std::string shown_store(const std::string& store);

}  // namespace frugal::experiment
