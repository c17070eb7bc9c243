// The tables of a store, and how older ones become of this version. docs/store.md says what they
// hold.
#pragma once

#include <string>

#include "experiment/sql_rows.h"

namespace frugal::experiment {

// Makes the tables of a new store, migrates an older one in one transaction, refuses what is none
// of ours or newer, and leaves that as it was. where: for messages. Throws InputError; soci_error.
void prepare_schema(soci::session& sql, Dialect dialect, const std::string& where);

}  // namespace frugal::experiment
