// The address of a PostgreSQL database, "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?KEY=VALUE",
// as libpq understands it, and what may be said of it aloud.
#pragma once

#include <map>
#include <string>

namespace frugal::experiment {

class PostgresqlAddress {
 public:
  // Throws InputError; the message does not hold the address's password.
  explicit PostgresqlAddress(const std::string& address);

  // Without password: "postgresql://USER@HOST:PORT/DATABASE".
  const std::string& shown() const { return shown_; }
  // All of it, for libpq, with short timeouts where the address names none.
  std::string with_timeouts(const std::string& application) const;
  // The text with every password of the address or of the environment taken out.
  std::string without_passwords(std::string text) const;
  // What to do about what libpq said when it could not connect.
  std::string advice(const std::string& trouble) const;

 private:
  std::map<std::string, std::string> values_;  // what the address says
  std::string shown_;
};

}  // namespace frugal::experiment
