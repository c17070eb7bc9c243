#include "experiment/run_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::experiment {
namespace {

[[noreturn]] void refuse(std::string_view key, std::string_view why) {
  throw InputError(fmt::format("body: {} {}", key, why));
}

const std::vector<std::string>& object_fields() {
  static const std::vector<std::string> all = {
      "assignments",  "assignments_meta", "assignments_sources",
      "values",       "metadata",         "sys_metadata",
      "dev_metadata", "datasets",         "logs",
      "model",        "source_code"};
  return all;
}

std::vector<std::string> known_fields() {
  std::vector<std::string> all = object_fields();
  for (const char* key : {"name", "state", "deleted", "favorite", "tags", "finished"})
    all.emplace_back(key);
  return all;
}

void check_assignments(const Json& assignments) {
  for (const auto& [name, value] : assignments.items())
    if (!value.is_null() && !value.is_number() && !value.is_string() && !value.is_boolean())
      refuse("assignments", fmt::format("of {} must be a number or a text", name));
}

}  // namespace

Json empty_run() {
  Json body = {{"name", ""},
               {"deleted", false},
               {"favorite", false},
               {"tags", Json::array()},
               {"checkpoint_count", 0},
               {"trial", 0},
               {"observation", 0},
               {"updated", 0},
               {"completed", 0}};
  for (const std::string& key : object_fields()) body[key] = Json::object();
  return body;
}

void check_run_values(const Json& values, std::string_view where) {
  for (const auto& [name, value] : values.items()) {
    if (value.is_null()) continue;
    const std::string place = fmt::format("{}: values: {}", where, name);
    require_known_keys(value, {"value", "value_stddev", "name", "object"}, place);
    if (!value.contains("value") || !value["value"].is_number())
      throw InputError(fmt::format("{}: value must be a number", place));
    const Json stddev = value.value("value_stddev", Json());
    if (!stddev.is_null() && !(stddev.is_number() && stddev.get<double>() >= 0))
      throw InputError(fmt::format("{}: value_stddev must be a number, not negative", place));
  }
}

void check_run_fields(const Json& fields) {
  require_known_keys(fields, known_fields(), "body");
  for (const std::string& key : object_fields())
    if (const auto found = fields.find(key);
        found != fields.end() && !found->is_null() && !found->is_object())
      refuse(key, "must be an object");
  const auto given = [&](const char* key) {
    const auto found = fields.find(key);
    return found == fields.end() || found->is_null() ? nullptr : &*found;
  };
  if (const Json* name = given("name"); name && !name->is_string())
    refuse("name", "must be a text");
  if (const Json* tags = given("tags"); tags && !tags->is_array()) refuse("tags", "must be a list");
  for (const char* key : {"deleted", "favorite", "finished"})
    if (const Json* flag = given(key); flag && !flag->is_boolean())
      refuse(key, "must be true or false");
  if (const Json* state = given("state")) {
    const std::string text = state->is_string() ? state->get<std::string>() : "";
    if (text != "active" && text != "completed" && text != "failed")
      refuse("state", "is active, completed or failed");
  }
  if (const Json* assignments = given("assignments")) check_assignments(*assignments);
  if (const Json* values = given("values")) check_run_values(*values, "body");
}

void apply_run_fields(Json& body, const Json& fields, bool merge) {
  for (const auto& [key, value] : fields.items()) {
    if (key == "state" || key == "finished") continue;  // the run's own affair
    if (body[key].is_object() && merge && !value.is_null())
      body[key].merge_patch(value);
    else if (!value.is_null())
      body[key] = value;
    else
      body[key] = empty_run()[key];
  }
}

}  // namespace frugal::experiment
