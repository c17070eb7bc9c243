#include "experiment/sql_schema.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace frugal::experiment {
namespace {

// What each version added to the one before; the first makes an empty place a store. Never changed,
// only added to: every store has gone this way. In SQLite's words; PostgreSQL reads BIGINT for
// INTEGER.
const std::vector<std::vector<const char*>>& steps() {
  static const std::vector<std::vector<const char*>> all = {
      {"CREATE TABLE frugal (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
       "CREATE TABLE experiments (id INTEGER PRIMARY KEY, body TEXT NOT NULL,"
       " created DOUBLE PRECISION NOT NULL)",
       "CREATE TABLE trials (id INTEGER PRIMARY KEY,"
       " experiment INTEGER NOT NULL REFERENCES experiments(id),"
       " assignments TEXT NOT NULL, task INTEGER NOT NULL, purpose TEXT NOT NULL,"
       " metadata TEXT NOT NULL, state TEXT NOT NULL, fence INTEGER NOT NULL,"
       " worker TEXT NOT NULL, lease_expires DOUBLE PRECISION NOT NULL,"
       " attempts INTEGER NOT NULL, wall_seconds DOUBLE PRECISION NOT NULL,"
       " cpu_seconds DOUBLE PRECISION NOT NULL,"
       " attempt_wall_seconds DOUBLE PRECISION NOT NULL,"
       " attempt_cpu_seconds DOUBLE PRECISION NOT NULL,"
       " checkpoint TEXT NOT NULL, reason TEXT NOT NULL, progress TEXT NOT NULL,"
       " created DOUBLE PRECISION NOT NULL, started DOUBLE PRECISION NOT NULL,"
       " ended DOUBLE PRECISION NOT NULL)",
       "CREATE INDEX trials_experiment ON trials(experiment)",
       "CREATE TABLE observations (id INTEGER PRIMARY KEY,"
       " experiment INTEGER NOT NULL REFERENCES experiments(id),"
       " trial INTEGER NOT NULL, assignments TEXT NOT NULL, task INTEGER NOT NULL,"
       " value DOUBLE PRECISION, value_stddev DOUBLE PRECISION,"
       " cost_seconds DOUBLE PRECISION NOT NULL, metadata TEXT NOT NULL,"
       " created DOUBLE PRECISION NOT NULL)",
       "CREATE INDEX observations_experiment ON observations(experiment)"},

      {"ALTER TABLE trials ADD COLUMN device_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN peak_memory_bytes DOUBLE PRECISION NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN machine_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN dollars DOUBLE PRECISION NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN attempt_device_seconds DOUBLE PRECISION NOT NULL DEFAULT 0",
       "ALTER TABLE trials ADD COLUMN attempt_peak_memory_bytes DOUBLE PRECISION NOT NULL"
       " DEFAULT 0"},

      {"ALTER TABLE trials ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0",
       "ALTER TABLE observations ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0",
       "ALTER TABLE observations ADD COLUMN more_values TEXT NOT NULL DEFAULT '{}'",
       "CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL,"
       " name TEXT NOT NULL, state TEXT NOT NULL, experiment INTEGER NOT NULL,"
       " expires DOUBLE PRECISION NOT NULL, body TEXT NOT NULL,"
       " created DOUBLE PRECISION NOT NULL)",
       "CREATE INDEX records_owner ON records(kind, owner)",
       "CREATE INDEX records_name ON records(kind, name)",
       "CREATE INDEX records_experiment ON records(kind, experiment, state)",
       "CREATE INDEX records_expires ON records(kind, expires) WHERE expires > 0"}};
  return all;
}

int known_version() {
  return static_cast<int>(steps().size());
}

std::string in_dialect(std::string statement, Dialect dialect) {
  constexpr std::string_view kInteger = "INTEGER";
  if (dialect == Dialect::kSqlite) return statement;
  for (auto at = statement.find(kInteger); at != std::string::npos;
       at = statement.find(kInteger, at))
    statement.replace(at, kInteger.size(), "BIGINT");
  return statement;
}

// Whether there are tables of ours, and whether there are tables of others that would be in the
// way.
struct Tables {
  int ours = 0, others = 0;
};

Tables tables_in(soci::session& sql, Dialect dialect) {
  Tables found;
  if (dialect == Dialect::kSqlite)
    sql << "SELECT count(CASE WHEN name = 'frugal' THEN 1 END), count(*) FROM sqlite_master",
        soci::into(found.ours), soci::into(found.others);
  else
    sql << "SELECT count(CASE WHEN tablename = 'frugal' THEN 1 END), count(*) FROM pg_tables"
           " WHERE schemaname = current_schema() AND tablename IN ('frugal', 'experiments',"
           " 'trials', 'observations', 'records')",
        soci::into(found.ours), soci::into(found.others);
  return found;
}

// Reads only. 0: there is nothing in it yet.
int version_of(soci::session& sql, Dialect dialect, const std::string& where) {
  const Tables tables = tables_in(sql, dialect);
  if (tables.others == 0) return 0;
  if (tables.ours == 0)
    throw InputError(dialect == Dialect::kSqlite
                         ? fmt::format("{} is a database, but none of frugal's", where)
                         : fmt::format("{} holds another program's tables of the same names; give "
                                       "frugal a database of its own",
                                       where));
  std::string text;
  sql << "SELECT value FROM frugal WHERE key = 'schema_version'", soci::into(text);
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || version < 1)
    throw InputError(fmt::format("{} is damaged: its schema version is \"{}\"", where, text));
  if (version > known_version())
    throw InputError(
        fmt::format("{} was written by a newer frugal (schema {}, this one knows {}); use that one",
                    where, version, known_version()));
  return version;
}

}  // namespace

void prepare_schema(soci::session& sql, Dialect dialect, const std::string& where) {
  const int found = version_of(sql, dialect, where);
  if (found == known_version()) return;
  soci::transaction transaction(sql);
  for (int version = found; version < known_version(); ++version)
    for (const char* statement : steps()[static_cast<std::size_t>(version)])
      sql << in_dialect(statement, dialect);
  // Runs at the end of the expression, when a temporary would be gone already.
  const std::string version = std::to_string(known_version());
  sql << "INSERT INTO frugal(key, value) VALUES ('schema_version', :v)"
         " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
      soci::use(version);
  transaction.commit();
}

}  // namespace frugal::experiment
