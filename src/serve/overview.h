// An experiment at a glance: what the dashboard lists, and is told again whenever it changes.
#pragma once

#include <map>
#include <set>

#include "serve/call.h"

namespace frugal::serve {

Json overview_json(const experiment::Experiment& experiment, const experiment::Revision& revision,
                   const Call& call);

// The experiments that the call may see: by their revisions, as they are now.
std::map<experiment::Id, experiment::Revision> seen_by(const Call& call);

// As {"object", "time", "permissions", "experiments": those of `chosen`, "workers"}.
Json overview_of(const Call& call, const std::map<experiment::Id, experiment::Revision>& chosen);

}  // namespace frugal::serve
