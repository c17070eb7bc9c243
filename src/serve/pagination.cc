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

std::size_t limit_of(const Query& query) {
  constexpr experiment::Id kMost = 1000;
  const auto found = query.find("limit");
  const auto limit = found == query.end() ? std::optional(kMost) : id_from_text(found->second);
  if (!limit || *limit > kMost)
    throw InputError("query: limit must be a whole number from 0 to 1000");
  return static_cast<std::size_t>(*limit);
}

}  // namespace

std::vector<std::string> paging_parameters(std::vector<std::string> own) {
  for (const char* name : {"limit", "before", "after", "ascending", "fields"})
    own.emplace_back(name);
  return own;
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

PageQuery read_page(const Query& query, bool by_offset) {
  constexpr experiment::Id kNewest = std::numeric_limits<experiment::Id>::max();
  PageQuery page;
  page.limit = limit_of(query);
  page.ascending = query_flag(query, "ascending", false);
  page.before = marker(query, "before", kNewest);
  page.after = marker(query, "after", -1);
  // Going towards newer rows starts with the oldest.
  page.towards_newer = page.ascending || (query.contains("after") && !query.contains("before"));
  if (!by_offset) return page;
  page.towards_newer = page.ascending;
  const experiment::Id offset = page.ascending ? std::max<experiment::Id>(page.after, 0)
                                               : (page.before == kNewest ? 0 : page.before);
  page.offset = static_cast<std::size_t>(offset);
  page.before = kNewest;
  page.after = -1;
  return page;
}

Json page_of(const PageQuery& page, const Query& query, std::size_t count, std::vector<Json> rows,
             const std::vector<experiment::Id>& ids, bool by_offset) {
  const bool more = rows.size() > page.limit;
  if (more) rows.resize(page.limit);
  Json next;
  if (more && by_offset)
    next = std::to_string(page.offset + page.limit);
  else if (more && page.limit > 0)
    next = std::to_string(ids[page.limit - 1]);
  if (page.towards_newer && !page.ascending) std::reverse(rows.begin(), rows.end());
  Json data = Json::array();
  for (Json& row : rows) data.push_back(select_fields(std::move(row), query));
  return {{"object", "pagination"},
          {"count", count},
          {"data", std::move(data)},
          {"paging",
           {{"before", page.towards_newer ? Json() : next},
            {"after", page.towards_newer ? next : Json()}}}};
}

Json paginate(const std::vector<PageRow>& rows, const Query& query, bool by_offset) {
  const PageQuery page = read_page(query, by_offset);
  std::vector<const PageRow*> inside;
  for (const PageRow& row : rows)
    if (row.id < page.before && row.id > page.after) inside.push_back(&row);
  if (!page.towards_newer) std::reverse(inside.begin(), inside.end());
  inside.erase(inside.begin(),
               inside.begin() + static_cast<std::ptrdiff_t>(std::min(page.offset, inside.size())));
  if (inside.size() > page.limit + 1) inside.resize(page.limit + 1);
  std::vector<Json> fetched;
  std::vector<experiment::Id> ids;
  for (const PageRow* row : inside) {
    fetched.push_back(row->json());
    ids.push_back(row->id);
  }
  return page_of(page, query, rows.size(), std::move(fetched), ids, by_offset);
}

}  // namespace frugal::serve
