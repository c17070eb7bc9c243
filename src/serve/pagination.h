// SigOpt's pages: newest first, markers to the next older and the next newer page.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/experiment.h"
#include "serve/fields.h"

namespace frugal::serve {

// The query's parameters that paginate reads; a handler adds its own.
std::vector<std::string> paging_parameters();

struct PageRow {
  experiment::Id id = 0;
  std::function<Json()> json;  // called for the rows of the page alone
};

// rows: in ascending order of id. Throws InputError for a limit outside 0..1000 or a bad marker.
Json paginate(const std::vector<PageRow>& rows, const Query& query);

// Only the keys that the query's `fields` lists, when it does.
Json select_fields(Json object, const Query& query);

}  // namespace frugal::serve
