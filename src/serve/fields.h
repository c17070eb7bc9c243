// Reads a request's fields strictly: unknown keys, wrong types and missing fields are InputErrors
// that name the field.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/experiment.h"

namespace frugal::serve {

// Of a JSON object, in which null means absent.
class Fields {
 public:
  Fields(const Json& object, const std::vector<std::string>& known, std::string where = "body");

  bool has(const std::string& key) const;
  const Json& at(const std::string& key) const;  // must be there
  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  double number(const std::string& key) const;
  std::optional<double> optional_number(const std::string& key) const;
  std::int64_t whole(const std::string& key) const;
  bool flag(const std::string& key, bool fallback) const;
  const Json& list(const std::string& key) const;
  Json object(const std::string& key) const;  // {} when absent
  experiment::Id id(const std::string& key) const;
  experiment::Cost cost() const;  // wall_seconds and cpu_seconds, 0 when absent

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& why) const;

  const Json& object_;
  std::string where_;
};

// Text of decimal digits, or nullopt.
std::optional<experiment::Id> id_from_text(const std::string& text);

// Ids with commas between them. Throws InputError. where: for messages.
std::vector<experiment::Id> ids_from_text(const std::string& text, const std::string& where);

// Of a query: refuses unknown keys.
using Query = std::map<std::string, std::string>;
void require_known_query(const Query& query, const std::vector<std::string>& known);
// Throws InputError that names the text in it that holds a NUL character, which no store keeps.
void require_no_nul(const Json& value, const std::string& where);

bool query_flag(const Query& query, const std::string& key, bool fallback);  // True, false, 1, 0

}  // namespace frugal::serve
