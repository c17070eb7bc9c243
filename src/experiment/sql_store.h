// What the stores in SQLite and in PostgreSQL have in common: everything but how their database is
// opened, locked, and reached again when its connection was lost.
//
// Two sessions: one writes, one reads what was committed. Neither waits for the other.
#pragma once

#include <fmt/format.h>
#include <soci/soci.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "experiment/sql_rows.h"
#include "experiment/sql_writer.h"
#include "experiment/store.h"

namespace frugal::experiment {

class SqlStore : public Store {
 public:
  void transact(const std::function<void()>& changes) override;

  Id add(const Experiment& experiment) override;
  void update(const Experiment& experiment) override;
  std::vector<Experiment> experiments() override;

  Id add(const Trial& trial) override;
  void update(const Trial& trial) override;
  std::vector<Trial> trials(Id experiment) override;
  std::vector<Trial> trials(const RowQuery& query) override;
  std::size_t count_trials(const RowQuery& query) override;
  std::optional<Trial> trial(Id id) override;

  Id add(const Observation& observation) override;
  void update(const Observation& observation) override;
  std::vector<Observation> observations(Id experiment) override;
  std::vector<Observation> observations(const RowQuery& query) override;
  std::size_t count_observations(const RowQuery& query) override;
  void each_observation(const RowQuery& query,
                        const std::function<void(const Observation&)>& visit) override;

  Id add(const Record& record) override;
  void update(const Record& record) override;
  void remove_records(const RecordQuery& query) override;
  std::vector<Record> records(const RecordQuery& query) override;
  std::size_t count_records(const RecordQuery& query) override;

  LastIds last_ids() override;
  void set_value(const std::string& key, const std::string& value) override;
  std::optional<std::string> value(const std::string& key) override;

 protected:
  // where: the file or address, for messages.
  SqlStore(std::string where, Dialect dialect) : where_(std::move(where)), dialect_(dialect) {}

  soci::session& writer() { return writer_; }
  soci::session& reader() { return reader_; }
  const std::string& where() const { return where_; }

  void close();

  // After a statement failed. True: the session's connection had been lost and is there again, and
  // nothing of an open transaction is left. Throws Error: it was lost for good.
  virtual bool regain(soci::session& /*session*/) { return false; }
  virtual std::string words_of(const soci::soci_error& error) { return error.get_error_message(); }

  // SOCI's exceptions as ours, with the store's name.
  template <typename Function>
  auto guard(Function function) -> decltype(function());

 private:
  template <typename Function>
  auto read(Function function) -> decltype(function());
  std::size_t count(Table table, const RowQuery& query);

  void keep_space(Id experiment, const optimizer::Space& space);
  void require_experiment(Id experiment);
  const optimizer::Space& space_of(Id experiment);

  const std::string where_;
  const Dialect dialect_;
  soci::session writer_, reader_;
  SqlWriter rows_{writer_};
  std::mutex reading_;

  std::mutex spaces_lock_;
  std::map<Id, std::shared_ptr<const optimizer::Space>> spaces_;
  std::shared_ptr<const optimizer::Space> space_in_use_;  // of the row that is being read
  const SpaceOf space_ = [this](Id id) -> const optimizer::Space& { return space_of(id); };
};

template <typename Function>
auto SqlStore::guard(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const soci::soci_error& error) {
    throw SystemError(fmt::format("the store {}: {}", where_, words_of(error)));
  }
}

}  // namespace frugal::experiment
