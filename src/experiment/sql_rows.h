// Trials, observations and records read from the rows of a database; sql_writer.h writes them.
// SQLite and PostgreSQL understand all of it but how a value inside a JSON column is sorted by.
#pragma once

#include <soci/soci.h>

#include <functional>
#include <string>
#include <vector>

#include "experiment/store.h"

namespace frugal::experiment {

enum class Dialect { kSqlite, kPostgresql };

// WHERE ... ORDER BY ... LIMIT of a query; `texts` stand for its :placeholders, in order.
struct Clause {
  std::string sql;
  std::vector<std::string> texts;
};
enum class Table { kTrials, kObservations };
Clause clause_of(const RowQuery& query, Table table, Dialect dialect, bool with_limits = true);
Clause clause_of(const RecordQuery& query, bool with_limits = true);

// space_of: the space that types the numbers of an experiment's assignments. where: for messages.
using SpaceOf = std::function<const optimizer::Space&(Id experiment)>;

void each_trial(soci::session& sql, const Clause& clause, const SpaceOf& space_of,
                const std::string& where, const std::function<void(const Trial&)>& visit);
void each_observation(soci::session& sql, const Clause& clause, const SpaceOf& space_of,
                      const std::string& where,
                      const std::function<void(const Observation&)>& visit);
void each_record(soci::session& sql, const Clause& clause, const std::string& where,
                 const std::function<void(const Record&)>& visit);
std::size_t count_rows(soci::session& sql, const char* table, const Clause& clause);

}  // namespace frugal::experiment
