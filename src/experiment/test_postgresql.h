// A PostgreSQL server for the tests of one process, started when the first of them asks, gone with
// the process. Whoever includes this links libpq and names the script that starts it.
#pragma once

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "experiment/test_experiment.h"

namespace frugal::experiment {

class ThrowawayPostgresql {
 public:
  static ThrowawayPostgresql& get() {
    static ThrowawayPostgresql server;
    return server;
  }
  ~ThrowawayPostgresql() {
    if (::getpid() == owner_) script("--stop");
  }

  // Why there is none; "": it is up.
  const std::string& obstacle() const { return obstacle_; }
  // "postgresql://USER:PASSWORD@HOST:PORT/DATABASE", over TCP.
  const std::string& address() const { return address_; }
  // As the administrator, through the socket.
  std::string administrator() const {
    return "postgresql:///frugal?user=postgres&host=" + (folder_.path() / "pg/socket").string() +
           "&port=" + port();
  }

  void crash() { FRUGAL_CHECK(script("--crash")); }
  void restart() { FRUGAL_CHECK(script("--restart")); }

 private:
  ThrowawayPostgresql() {
    // Its own user must reach its folder.
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
    if (!script("")) {
      obstacle_ = "no PostgreSQL server can be started: " + read_file(log());
      return;
    }
    const std::string environment = read_file(folder_.path() / "pg/env");
    const std::string key = "DATABASE_URL='";
    const auto begin = environment.find(key) + key.size();
    address_ = environment.substr(begin, environment.find('\'', begin) - begin);
  }

  std::filesystem::path log() const { return folder_.path() / "up.log"; }
  std::string port() const {
    const auto slash = address_.rfind('/');
    const auto colon = address_.rfind(':', slash);
    return address_.substr(colon + 1, slash - colon - 1);
  }
  bool script(const std::string& arguments) const {
    const std::string command = std::string(FRUGAL_TESTING "/throwaway-postgresql --dir ") +
                                (folder_.path() / "pg").string() + " " + arguments + " > " +
                                log().string() + " 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  TemporaryFolder folder_;
  const pid_t owner_ = ::getpid();
  std::string obstacle_, address_;
};

// Runs statements, and answers the first field of the last result.
inline std::string query(const std::string& address, const std::string& sql) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(::PQconnectdb(address.c_str()),
                                                              ::PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      ::PQexec(connection.get(), sql.c_str()), ::PQclear);
  const auto status = ::PQresultStatus(result.get());
  FRUGAL_CHECK(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK,
               ::PQerrorMessage(connection.get()));
  return ::PQntuples(result.get()) > 0 ? ::PQgetvalue(result.get(), 0, 0) : "";
}

// The address of a schema of that name, made when it is missing.
inline std::string postgresql_schema(const std::string& name) {
  const std::string& address = ThrowawayPostgresql::get().address();
  query(address, "SET client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS \"" + name + "\"");
  return address + "?options=-csearch_path%3D%22" + name + "%22";
}

}  // namespace frugal::experiment
