// A request and its answer, as the threads that handle them see them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace frugal::serve {

struct HttpRequest {
  std::string method;
  std::string path;                                        // still percent-encoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::map<std::string, std::string> headers;              // names in lower case
  std::string body;
  std::string peer;  // address
  std::chrono::steady_clock::time_point received;
  bool was_parked = false;  // it has been handled before
  bool last_time = false;   // the server stops: it will not be handled again
  std::string cursor;       // of a stream: what its last piece said that it had told

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool park = false;  // no answer yet: to be handled again when something changed
  // The body is a piece of an answer that goes on: to be handled again in a while, with the cursor.
  // An answer that is no stream ends it.
  bool stream = false;
  std::string cursor = {};
};

}  // namespace frugal::serve
