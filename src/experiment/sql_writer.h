// Writes trials, observations and records as rows, by statements that a session parses once.
#pragma once

#include <soci/soci.h>

#include <memory>

#include "experiment/store.h"

namespace frugal::experiment {

class SqlWriter {
 public:
  explicit SqlWriter(soci::session& sql);
  ~SqlWriter();

  // An id of 0 is given. Returns the id.
  Id insert(const Trial& row);
  Id insert(const Observation& row);
  Id insert(const Record& row);
  void update(const Trial& row);
  void update(const Observation& row);
  void update(const Record& row);

  // The statements: before the session is closed or connected anew.
  void forget();

 private:
  template <typename Row>
  struct Table;
  struct Tables;

  soci::session& sql_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace frugal::experiment
