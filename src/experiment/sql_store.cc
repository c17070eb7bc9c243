#include "experiment/sql_store.h"

#include <nlohmann/json.hpp>

namespace frugal::experiment {

// On a lost connection a read is tried once more: every result comes whole before its first row is
// looked at.
template <typename Function>
auto SqlStore::read(Function function) -> decltype(function()) {
  const std::lock_guard lock(reading_);
  return guard([&] {
    try {
      return function();
    } catch (const soci::soci_error&) {
      if (!regain(reader_)) throw;
    }
    return function();
  });
}

// A connection that is found lost before anything was changed is none of the caller's business; one
// that is lost later is: nobody knows whether the commit arrived.
void SqlStore::transact(const std::function<void()>& changes) {
  guard([&] {
    std::optional<soci::transaction> transaction;
    try {
      transaction.emplace(writer_);
    } catch (const soci::soci_error&) {
      rows_.forget();
      if (!regain(writer_)) throw;
      transaction.emplace(writer_);
    }
    changes();
    transaction->commit();
  });
}

void SqlStore::close() {
  rows_.forget();
  reader_.close();
  writer_.close();
}

// --- experiments ---

Id SqlStore::add(const Experiment& experiment) {
  return guard([&] {
    const std::string body = to_json(experiment).dump();
    soci::indicator has_id = experiment.id > 0 ? soci::i_ok : soci::i_null;
    Id id = 0;
    writer_ << "INSERT INTO experiments(id, body, created) VALUES (coalesce(:id,"
               " (SELECT coalesce(max(id), 0) + 1 FROM experiments)), :body, :created)"
               " RETURNING id",
        soci::use(experiment.id, has_id), soci::use(body), soci::use(experiment.created),
        soci::into(id);
    keep_space(id, experiment.space);
    return id;
  });
}

void SqlStore::update(const Experiment& experiment) {
  guard([&] {
    const std::string body = to_json(experiment).dump();
    writer_ << "UPDATE experiments SET body = :body WHERE id = :id", soci::use(body),
        soci::use(experiment.id);
    keep_space(experiment.id, experiment.space);
  });
}

std::vector<Experiment> SqlStore::experiments() {
  return read([&] {
    std::vector<Experiment> all;
    Id id = 0;
    std::string body;
    double created = 0;
    soci::statement rows =
        (reader_.prepare << "SELECT id, body, created FROM experiments ORDER BY id", soci::into(id),
         soci::into(body), soci::into(created));
    rows.execute();
    while (rows.fetch()) {
      const Json json = parse_json(body, where_);
      all.push_back(experiment_from_json(json, where_));
      all.back().id = id;
      all.back().created = created;
      if (const auto updated = json.find("updated"); updated != json.end() && updated->is_number())
        all.back().updated = updated->get<double>();
      keep_space(id, all.back().space);
    }
    return all;
  });
}

// --- rows ---

std::size_t SqlStore::count(Table table, const RowQuery& query) {
  const char* name = table == Table::kTrials ? "trials" : "observations";
  return read([&] { return count_rows(reader_, name, clause_of(query, table, dialect_, false)); });
}

Id SqlStore::add(const Trial& trial) {
  return guard([&] { return rows_.insert(trial); });
}
void SqlStore::update(const Trial& trial) {
  guard([&] { rows_.update(trial); });
}
std::vector<Trial> SqlStore::trials(Id experiment) {
  return trials(RowQuery{.experiment = experiment, .deleted = std::nullopt});
}
std::vector<Trial> SqlStore::trials(const RowQuery& query) {
  require_experiment(query.experiment);
  return read([&] {
    std::vector<Trial> all;
    each_trial(reader_, clause_of(query, Table::kTrials, dialect_), space_, where_,
               [&](const Trial& trial) { all.push_back(trial); });
    return all;
  });
}
std::size_t SqlStore::count_trials(const RowQuery& query) {
  return count(Table::kTrials, query);
}
std::optional<Trial> SqlStore::trial(Id id) {
  return read([&] {
    std::optional<Trial> found;
    const RowQuery query{.only = id, .deleted = std::nullopt};
    each_trial(reader_, clause_of(query, Table::kTrials, dialect_), space_, where_,
               [&](const Trial& trial) { found = trial; });
    return found;
  });
}

Id SqlStore::add(const Observation& observation) {
  return guard([&] { return rows_.insert(observation); });
}
void SqlStore::update(const Observation& observation) {
  guard([&] { rows_.update(observation); });
}
std::vector<Observation> SqlStore::observations(Id experiment) {
  return observations(RowQuery{.experiment = experiment});
}
std::vector<Observation> SqlStore::observations(const RowQuery& query) {
  std::vector<Observation> all;
  each_observation(query, [&](const Observation& row) { all.push_back(row); });
  return all;
}
std::size_t SqlStore::count_observations(const RowQuery& query) {
  return count(Table::kObservations, query);
}
void SqlStore::each_observation(const RowQuery& query,
                                const std::function<void(const Observation&)>& visit) {
  require_experiment(query.experiment);
  read([&] {
    experiment::each_observation(reader_, clause_of(query, Table::kObservations, dialect_), space_,
                                 where_, visit);
  });
}

Id SqlStore::add(const Record& record) {
  return guard([&] { return rows_.insert(record); });
}
void SqlStore::update(const Record& record) {
  guard([&] { rows_.update(record); });
}
void SqlStore::remove_records(const RecordQuery& query) {
  guard([&] {
    const Clause clause = clause_of(query, false);
    soci::details::prepare_temp_type prepared =
        (writer_.prepare << "DELETE FROM records" + clause.sql);
    for (const std::string& text : clause.texts) prepared, soci::use(text);
    soci::statement(prepared).execute(true);
  });
}
std::vector<Record> SqlStore::records(const RecordQuery& query) {
  return read([&] {
    std::vector<Record> all;
    each_record(reader_, clause_of(query), where_,
                [&](const Record& record) { all.push_back(record); });
    return all;
  });
}
std::size_t SqlStore::count_records(const RecordQuery& query) {
  return read([&] { return count_rows(reader_, "records", clause_of(query, false)); });
}

SqlStore::LastIds SqlStore::last_ids() {
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

// --- named values ---

void SqlStore::set_value(const std::string& key, const std::string& value) {
  guard([&] {
    writer_ << "INSERT INTO frugal(key, value) VALUES (:k, :v)"
               " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        soci::use(key), soci::use(value);
  });
}

std::optional<std::string> SqlStore::value(const std::string& key) {
  return read([&]() -> std::optional<std::string> {
    std::string text;
    reader_ << "SELECT value FROM frugal WHERE key = :k", soci::use(key), soci::into(text);
    return reader_.got_data() ? std::optional(text) : std::nullopt;
  });
}

// --- the spaces that type the rows ---

void SqlStore::keep_space(Id experiment, const optimizer::Space& space) {
  const std::lock_guard lock(spaces_lock_);
  spaces_[experiment] = std::make_shared<const optimizer::Space>(space);
}

void SqlStore::require_experiment(Id experiment) {
  const std::lock_guard lock(spaces_lock_);
  if (!spaces_.contains(experiment))
    throw InputError(fmt::format("{} has no experiment {}", where_, experiment));
}

const optimizer::Space& SqlStore::space_of(Id experiment) {
  require_experiment(experiment);
  const std::lock_guard lock(spaces_lock_);
  space_in_use_ = spaces_.at(experiment);
  return *space_in_use_;
}

}  // namespace frugal::experiment
