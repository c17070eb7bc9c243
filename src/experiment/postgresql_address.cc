#include "experiment/postgresql_address.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <cctype>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace frugal::experiment {
namespace {

constexpr const char* kForm = "postgresql://USER@HOST:PORT/DATABASE";

// So that a server that is gone is noticed in seconds, not in the kernel's hours.
const std::map<std::string, std::string> kTimeouts = {{"connect_timeout", "5"},
                                                      {"keepalives_idle", "10"},
                                                      {"keepalives_interval", "5"},
                                                      {"keepalives_count", "3"},
                                                      {"tcp_user_timeout", "20000"}};

std::string value_or(const std::map<std::string, std::string>& values, const std::string& key,
                     const char* variable, const std::string& otherwise) {
  if (const auto found = values.find(key); found != values.end()) return found->second;
  const char* const set = std::getenv(variable);
  return set != nullptr && *set != '\0' ? set : otherwise;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

PostgresqlAddress::PostgresqlAddress(const std::string& address) {
  char* trouble = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      ::PQconninfoParse(address.c_str(), &trouble), ::PQconninfoFree);
  ::PQfreemem(trouble);  // libpq's words may repeat the password
  if (parsed == nullptr)
    throw InputError(fmt::format(
        "the address of the store is not of the form {}; a sign such as @, : or / in a name or "
        "password is written %40, %3A or %2F",
        kForm));
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values_[option->keyword] = option->val;
  const std::string user = value_or(values_, "user", "PGUSER", ""),
                    host = value_or(values_, "host", "PGHOST", ""),
                    port = value_or(values_, "port", "PGPORT", ""),
                    database = value_or(values_, "dbname", "PGDATABASE", user);
  shown_ = fmt::format("postgresql://{}{}{}{}/{}", user.empty() ? "" : user + "@", host,
                       port.empty() ? "" : ":", port, database);
}

// As one address without a blank: SOCI reads the words of any other text, and loses blanks of it.
std::string PostgresqlAddress::with_timeouts(const std::string& application) const {
  std::map<std::string, std::string> all = values_;
  all.emplace("application_name", application);
  all.insert(kTimeouts.begin(), kTimeouts.end());
  std::string text = "postgresql://";
  for (const auto& [key, value] : all) {
    text += fmt::format("{}{}=", text.ends_with('/') ? "?" : "&", key);
    for (const char c : value)
      text += std::isalnum(static_cast<unsigned char>(c)) != 0
                  ? std::string(1, c)
                  : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string PostgresqlAddress::without_passwords(std::string text) const {
  const std::string password = value_or(values_, "password", "PGPASSWORD", "");
  if (password.empty()) return text;
  for (auto at = text.find(password); at != std::string::npos; at = text.find(password, at + 3))
    text.replace(at, password.size(), "***");
  return text;
}

std::string PostgresqlAddress::advice(const std::string& trouble) const {
  if (has(trouble, "password authentication failed") || has(trouble, "no password supplied"))
    return "give the right password: in the variable PGPASSWORD, in ~/.pgpass, or in the address";
  if (has(trouble, "role") && has(trouble, "does not exist"))
    return "make the role (createuser), or give another user in the address";
  if (has(trouble, "database") && has(trouble, "does not exist"))
    return "make the database (createdb), or give another in the address";
  if (has(trouble, "pg_hba.conf")) return "the server's pg_hba.conf lets nobody in from here so";
  if (has(trouble, "too many"))
    return "raise the server's max_connections, or end what else is connected";
  return "is the server up, and are host and port right?";
}

}  // namespace frugal::experiment
