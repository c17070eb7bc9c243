// What changes, told as it happens: server-sent events. A stream is handled again every second; its
// cursor says what it has told.
#include <nlohmann/json.hpp>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/overview.h"

namespace frugal::serve {
namespace {

using experiment::Id;
using experiment::Revision;

constexpr double kBeatSeconds = 5;  // a client that hears nothing for longer has lost the server

std::string event(const char* name, const Json& data) {
  return std::string("event: ") + name +
         "\ndata: " + data.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n\n";
}

Json cursor_of(const std::map<Id, Revision>& revisions, double told) {
  Json json = {{"told", told}, {"revisions", Json::object()}};
  for (const auto& [id, revision] : revisions)
    json["revisions"][std::to_string(id)] = {revision.changes, revision.rewritings};
  return json;
}

// Those that are not as the cursor has them.
std::map<Id, Revision> changed_since(const Json& cursor, const std::map<Id, Revision>& now) {
  std::map<Id, Revision> changed;
  for (const auto& [id, revision] : now) {
    const auto told = cursor["revisions"].find(std::to_string(id));
    if (told == cursor["revisions"].end() || *told != Json({revision.changes, revision.rewritings}))
      changed.emplace(id, revision);
  }
  return changed;
}

}  // namespace

Answer get_events(Call& call) {
  require_known_query(call.query, {});
  const auto now = seen_by(call);
  const double time = call.waited_seconds;
  Answer answer{.stream = true};
  if (call.cursor.empty()) {
    answer.text = event("overview", overview_of(call, now));
    answer.cursor = cursor_of(now, time).dump();
    return answer;
  }
  const Json cursor = parse_json(call.cursor, "the stream's cursor");
  const auto changed = changed_since(cursor, now);
  const double told = cursor["told"];
  const bool tells = !changed.empty() || time - told >= kBeatSeconds;
  if (tells) answer.text = event("changes", overview_of(call, changed));
  answer.cursor = cursor_of(now, tells ? time : told).dump();
  return answer;
}

}  // namespace frugal::serve
