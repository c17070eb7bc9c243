// The table of routes: method and path to handler.
#pragma once

#include <string>

#include "serve/call.h"

namespace frugal::serve {

struct Route {
  const char* method;
  const char* path;  // "{}" stands for an id
  Answer (*handler)(Call& call);
  bool needs_token = true;
};

struct Match {
  const Route* route = nullptr;
  std::vector<experiment::Id> ids;
};

// Throws Refusal: 404 for an unknown path, 405 for a known one with another method.
Match find_route(const std::string& method, const std::string& path);

}  // namespace frugal::serve
