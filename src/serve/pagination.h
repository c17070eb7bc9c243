// SigOpt's pages: newest first, markers to the next older and the next newer page.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/store.h"
#include "serve/fields.h"

namespace frugal::serve {

// The query's parameters that paging reads; a handler adds its own.
std::vector<std::string> paging_parameters(std::vector<std::string> own = {});

// What a query asks of rows that stand in the store.
struct PageQuery {
  std::size_t limit = 1000;
  bool ascending = false;      // of the answer
  bool towards_newer = false;  // rows are fetched in this direction
  experiment::Id after = -1, before = 0;
  std::size_t offset = 0;  // with a sort of its own, markers count rows
};
// by_offset: the rows are not sorted by id. Throws InputError for a limit outside 0..1000 or a bad
// marker.
PageQuery read_page(const Query& query, bool by_offset = false);

// rows: as fetched, one more than the limit when there are more; ids beside them.
Json page_of(const PageQuery& page, const Query& query, std::size_t count, std::vector<Json> rows,
             const std::vector<experiment::Id>& ids, bool by_offset = false);

struct PageRow {
  experiment::Id id = 0;
  std::function<Json()> json;  // called for the rows of the page alone
};
// rows: in ascending order of id; by_offset: of what they are sorted by.
Json paginate(const std::vector<PageRow>& rows, const Query& query, bool by_offset = false);

// Only the keys that the query's `fields` lists, when it does.
Json select_fields(Json object, const Query& query);

}  // namespace frugal::serve
