// The tables of a store in SQLite, and how older files become of this version. docs/store.md says
// what they hold.
#pragma once

#include <string>

namespace soci {
class session;
}

namespace frugal::experiment {

// Makes the tables of a new file, migrates an older one in one transaction, refuses what is none
// of ours or newer, and leaves that as it was. path: for messages. Throws InputError; soci_error.
void prepare_schema(soci::session& sql, const std::string& path);

}  // namespace frugal::experiment
