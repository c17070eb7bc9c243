#include "serve/pagination.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace frugal::serve {
namespace {

experiment::Id marker(const Query& query, const std::string& key, experiment::Id fallback) {
  const auto found = query.find(key);
  if (found == query.end()) return fallback;
  const auto id = id_from_text(found->second);
  if (!id) throw InputError("query: " + key + " is no marker of ours");
  return *id;
}

}  // namespace

std::vector<std::string> paging_parameters() {
  return {"limit", "before", "after", "ascending", "fields"};
}

Json select_fields(Json object, const Query& query) {
  const auto found = query.find("fields");
  if (found == query.end()) return object;
  Json selected = Json::object();
  std::istringstream names(found->second);
  for (std::string name; std::getline(names, name, ',');)
    if (object.contains(name)) selected[name] = object[name];
  return selected;
}

Json paginate(const std::vector<PageRow>& rows, const Query& query) {
  const experiment::Id limit = marker(query, "limit", 1000);
  if (limit > 1000) throw InputError("query: limit must be at most 1000");
  const bool ascending = query_flag(query, "ascending", false);
  const auto before = marker(query, "before", std::numeric_limits<experiment::Id>::max());
  const auto after = marker(query, "after", -1);

  std::vector<const PageRow*> inside;  // between the markers, in the order of the answer
  for (const PageRow& row : rows)
    if (row.id < before && row.id > after) inside.push_back(&row);
  // Going towards newer rows starts with the oldest.
  const bool towards_newer = ascending || (query.contains("after") && !query.contains("before"));
  if (!towards_newer) std::reverse(inside.begin(), inside.end());
  const bool more = inside.size() > static_cast<std::size_t>(limit);
  if (more) inside.resize(static_cast<std::size_t>(limit));

  const Json next = more && !inside.empty() ? Json(std::to_string(inside.back()->id)) : Json();
  if (towards_newer && !ascending) std::reverse(inside.begin(), inside.end());
  Json page = {{"object", "pagination"}, {"count", rows.size()}, {"data", Json::array()}};
  for (const PageRow* row : inside) page["data"].push_back(select_fields(row->json(), query));
  page["paging"] = {{"before", towards_newer ? Json() : next},
                    {"after", towards_newer ? next : Json()}};
  return page;
}

}  // namespace frugal::serve
