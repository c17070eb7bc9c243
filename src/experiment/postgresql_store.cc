#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <random>
#include <string_view>
#include <thread>

#include "experiment/postgresql_address.h"
#include "experiment/sql_schema.h"
#include "experiment/sql_store.h"

namespace frugal::experiment {
namespace {

constexpr std::string_view kScheme = "postgresql://", kShortScheme = "postgres://";
constexpr int kLockClass = 0x46525547;            // "FRUG": of our advisory locks
constexpr const char* kClaimKey = "coordinator";  // of the table frugal: who opened it last
constexpr std::chrono::milliseconds kRetry{200};
constexpr std::chrono::seconds kLockPatience{
    2};  // the server's, to notice that a holder was killed

// "frugal on HOST, process 123".
std::string own_name() {
  std::array<char, 64> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("frugal on {}, process {}", host.data(), ::getpid());
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

// One coordinator writes: the session that writes holds an advisory lock for the schema, which the
// server takes back when the connection is gone. A coordinator that lost its connection may find
// that another one has had the store since; what it remembers is no longer true then. So each one
// leaves a claim of its own, and goes on only where that still stands.
class PostgresqlStore final : public SqlStore {
 public:
  PostgresqlStore(const PostgresqlAddress& address, double patience_seconds)
      : SqlStore(address.shown(), Dialect::kPostgresql),
        address_(address),
        patience_(patience_seconds),
        claim_(fmt::format("{} ({:08x}{:08x})", own_name(), std::random_device()(),
                           std::random_device()())) {
    open(writer());
    guard([&] {
      require_schema();
      if (!lock())
        throw InputError(fmt::format(
            "{} is in use by another coordinator ({}); wait for it, stop it, or give another "
            "database",
            where(), holder()));
      prepare();
      soci::transaction transaction(writer());
      set_value(kClaimKey, claim_);
      transaction.commit();
    });
    open(reader());
    experiments();  // whose spaces type the rows
  }

 protected:
  bool regain(soci::session& session) override {
    if (session.is_connected()) return false;
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    for (;;) {
      try {
        session.reconnect();
        if (&session == &writer()) lock_again();
        return true;
      } catch (const soci::soci_error&) {
        session.close();
        if (std::chrono::steady_clock::now() >= deadline) throw;
      } catch (const Error&) {
        session.close();  // without the lock nothing may be written
        throw;
      }
      std::this_thread::sleep_for(kRetry);
    }
  }

  std::string words_of(const soci::soci_error& error) override {
    return address_.without_passwords(one_line(error.get_error_message()));
  }

 private:
  void open(soci::session& session) {
    try {
      session.open(soci::postgresql, address_.with_timeouts(own_name()));
    } catch (const soci::soci_error& error) {
      const std::string trouble = words_of(error);
      throw InputError(fmt::format("cannot open the store {}: {}; {}", where(), trouble,
                                   address_.advice(trouble)));
    }
    if (&session == &writer()) remember_backend();
  }

  void require_schema() {
    int exists = 0;
    writer() << "SELECT CASE WHEN current_schema() IS NULL THEN 0 ELSE 1 END", soci::into(exists);
    if (exists == 0)
      throw InputError(
          fmt::format("{}: the schema of the connection's search_path does not exist; make it "
                      "(CREATE SCHEMA), or leave search_path out",
                      where()));
  }

  void prepare() {
    try {
      prepare_schema(writer(), Dialect::kPostgresql, where());
    } catch (const soci::postgresql_soci_error& error) {
      if (error.sqlstate() != "42501") throw;
      throw InputError(fmt::format(
          "cannot make the tables of the store {}: {}; GRANT CREATE, USAGE ON SCHEMA ... TO the "
          "user of the address, or make that user the owner of the database",
          where(), words_of(error)));
    }
  }

  bool try_lock() {
    int got = 0;
    writer() << fmt::format(
        "SELECT CASE WHEN pg_try_advisory_lock({}, CAST(oid AS int)) THEN 1"
        " ELSE 0 END FROM pg_namespace WHERE nspname = current_schema()",
        kLockClass),
        soci::into(got);
    return got == 1;
  }

  bool lock() {
    const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
    while (!try_lock()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(kRetry);
    }
    return true;
  }

  std::string holder() {
    std::string name;
    soci::indicator known{};
    writer() << fmt::format(
        "SELECT concat_ws(', ', nullif(a.application_name, ''), 'connected since ' ||"
        " date_trunc('second', a.backend_start)) FROM pg_locks l"
        " JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_namespace n ON n.oid = l.objid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {}"
        " AND n.nspname = current_schema()"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        kLockClass),
        soci::into(name, known);
    return writer().got_data() && known == soci::i_ok ? name : "its name is not known";
  }

  // On a connection made anew. The server may not have noticed the end of the old one.
  void lock_again() {
    if (!try_lock()) {
      int ended = 0;
      writer() << "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = :pid"
                  " AND CAST(backend_start AS text) = :start",
          soci::use(backend_pid_), soci::use(backend_start_), soci::into(ended);
      if (ended == 0)
        throw SystemError(fmt::format(
            "the store {} was taken over by another coordinator ({}) while the connection was "
            "lost; end this one",
            where(), holder()));
      throw soci::soci_error("the old connection is being ended");  // and tried again
    }
    std::string claim;
    writer() << fmt::format("SELECT value FROM frugal WHERE key = '{}'", kClaimKey),
        soci::into(claim);
    if (claim != claim_)
      throw SystemError(fmt::format(
          "the store {} has had another coordinator since the connection was lost ({}); end this "
          "one",
          where(), claim));
    remember_backend();
  }

  void remember_backend() {
    guard([&] {
      writer() << "SELECT pid, CAST(backend_start AS text) FROM pg_stat_activity"
                  " WHERE pid = pg_backend_pid()",
          soci::into(backend_pid_), soci::into(backend_start_);
    });
  }

  const PostgresqlAddress address_;
  const std::chrono::duration<double> patience_;
  const std::string claim_;
  int backend_pid_ = 0;  // the server's process of the session that writes
  std::string backend_start_;
};

}  // namespace

bool is_postgresql(const std::string& store) {
  return store.starts_with(kScheme) || store.starts_with(kShortScheme);
}

std::string shown_store(const std::string& store) {
  return is_postgresql(store) ? PostgresqlAddress(store).shown() : store;
}

std::unique_ptr<Store> open_postgresql_store(const std::string& address, double patience_seconds) {
  return std::make_unique<PostgresqlStore>(PostgresqlAddress(address), patience_seconds);
}

std::unique_ptr<Store> open_store(const std::string& store) {
  return is_postgresql(store) ? open_postgresql_store(store) : open_sqlite_store(store);
}

}  // namespace frugal::experiment
