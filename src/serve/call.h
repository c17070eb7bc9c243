// A request on its way to a handler, and the answer on its way back. Handlers know no HTTP.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "experiment/runs.h"
#include "experiment/scheduler.h"
#include "serve/http.h"
#include "serve/importances.h"
#include "serve/server.h"
#include "serve/sessions.h"
#include "serve/tallies.h"
#include "serve/tokens.h"
#include "serve/workers.h"

namespace frugal::serve {

// What every handler may use.
struct Services {
  experiment::Scheduler& scheduler;
  experiment::Runs& runs;
  Tokens& tokens;
  Importances& importances;
  Sessions& sessions;
  Tallies& tallies;
  Workers& workers;
  const ServerOptions& options;
  std::function<void()> ring;            // something changed that a parked request may wait for
  std::function<std::string()> figures;  // for Prometheus
};

// An Idempotency-Key that came with a request.
struct Once {
  std::string name;         // the token's id and the key; "": none came
  std::string fingerprint;  // of the request
};

struct Call {
  const Services& services;
  const HttpRequest& request;  // for what is no field of it
  experiment::Scheduler& scheduler = services.scheduler;
  Access access;
  std::vector<experiment::Id> ids;  // the numbers in the path, in order
  std::string name;      // the text in the path: a project's id, a SHA-256, a file's name
  bool of_runs = false;  // the path is one of aiexperiments
  std::map<std::string, std::string> query;  // of GET and DELETE, and where the body is bytes
  Json body = Json::object();                // of POST, PUT and MERGE
  Once once;
  double waited_seconds = 0;  // since it came
  bool was_parked = false;    // it has been handled before
  bool last_time = false;     // it cannot wait any longer
  std::string cursor;         // of a stream: what the answer's last piece gave; "": it begins

  // What makes the answer again when the request is repeated: to be written with what it made.
  experiment::Also also() const;
};

struct Answer {
  int status = 200;
  Json body = Json::object();  // not sent with 204
  bool park = false;           // nothing yet: to be asked again when something changed
  std::string location = {};   // with 301
  std::string text = {};       // instead of the body: plain text, or of a stream the next events
  std::optional<std::string> bytes = {};  // instead of the body: to be kept as a file
  std::string content_range = {};         // with 206
  std::string cookie = {};                // Set-Cookie
  bool stream = false;  // more follows: to be asked again in a second, with this cursor
  std::string cursor = {};
};

// An answer that is a refusal; InputError means 400, NotFound 404, StaleLease 409.
class Refusal : public Error {
 public:
  Refusal(int status, const std::string& message, std::string token_status = {})
      : Error(message), status_(status), token_status_(std::move(token_status)) {}
  int status() const { return status_; }
  const std::string& token_status() const { return token_status_; }

 private:
  int status_;
  std::string token_status_;
};

}  // namespace frugal::serve
