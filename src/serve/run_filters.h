// The filters of a list of training runs: [{"field", "operator", "value"}], all of which must hold.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"

namespace frugal::serve {

struct RunFilter {
  std::string field;    // "state", "values.accuracy.value", "assignments.lr", ...
  std::string compare;  // ==, !=, <, <=, >, >=, isnull, contains
  Json value;
};

// text: JSON, "" for none. Throws InputError that names the filter.
std::vector<RunFilter> read_run_filters(const std::string& text);
bool matches(const Json& run, const std::vector<RunFilter>& filters);

}  // namespace frugal::serve
