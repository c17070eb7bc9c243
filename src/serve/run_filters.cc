#include "serve/run_filters.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/fields.h"

namespace frugal::serve {
namespace {

const std::vector<std::string>& operators() {
  static const std::vector<std::string> all = {
      "==", "!=", "<", "<=", ">", ">=", "isnull", "contains"};
  return all;
}

// A name may hold dots itself: the longest that is there is taken.
const Json* find(const Json& object, const std::string& path) {
  if (!object.is_object()) return nullptr;
  if (const auto whole = object.find(path); whole != object.end()) return &*whole;
  for (auto dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    const auto part = object.find(path.substr(0, dot));
    if (part == object.end()) continue;
    if (const Json* found = find(*part, path.substr(dot + 1))) return found;
  }
  return nullptr;
}

bool holds(const Json& run, const RunFilter& filter) {
  const Json* found = find(run, filter.field);
  const Json value = found == nullptr ? Json() : *found;
  if (filter.compare == "isnull") return value.is_null() != (filter.value == false);
  if (filter.compare == "==") return value == filter.value;
  if (filter.compare == "!=") return value != filter.value;
  if (filter.compare == "contains") {
    if (value.is_array()) return std::find(value.begin(), value.end(), filter.value) != value.end();
    return value.is_string() && filter.value.is_string() &&
           value.get_ref<const std::string&>().find(filter.value.get_ref<const std::string&>()) !=
               std::string::npos;
  }
  const bool comparable = (value.is_number() && filter.value.is_number()) ||
                          (value.is_string() && filter.value.is_string());
  if (!comparable) return false;
  if (filter.compare == "<") return value < filter.value;
  if (filter.compare == "<=") return value <= filter.value;
  if (filter.compare == ">") return value > filter.value;
  return value >= filter.value;
}

}  // namespace

std::vector<RunFilter> read_run_filters(const std::string& text) {
  if (text.empty()) return {};
  const Json json = parse_json(text, "query: filters");
  if (!json.is_array()) throw InputError("query: filters must be a list");
  std::vector<RunFilter> filters;
  for (const Json& item : json) {
    const Fields fields(item, {"field", "operator", "value"}, "query: filters");
    RunFilter filter{fields.text("field"), fields.text("operator"), item.value("value", Json())};
    const auto& known = operators();
    if (std::find(known.begin(), known.end(), filter.compare) == known.end())
      throw InputError("query: filters: operator is one of == != < <= > >= isnull contains, not " +
                       filter.compare);
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool matches(const Json& run, const std::vector<RunFilter>& filters) {
  return std::all_of(filters.begin(), filters.end(),
                     [&](const RunFilter& filter) { return holds(run, filter); });
}

}  // namespace frugal::serve
