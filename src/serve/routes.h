// The table of routes: method and path to handler.
#pragma once

#include <span>
#include <string>

#include "serve/call.h"

namespace frugal::serve {

enum class Need {
  kNothing,     // anybody may ask
  kToken,       // any token
  kSignIn,      // any token, also with POST and DELETE those that only read
  kExperiment,  // a token that may see the experiment of the path
  kAll          // a token that may see everything
};

struct Route {
  const char* method;
  // "{}" stands for an id, "{project}" for a project's, "{client}" for the one client, 1,
  // "{sha256}" for a SHA-256, "{name}" for a file's name.
  const char* path;
  Answer (*handler)(Call& call);
  Need need = Need::kAll;
  // Of a POST: what shows the thing that it made, whose id is the last one then.
  Answer (*shows)(Call& call) = nullptr;
  bool of_runs = false;  // experiments are those of runs
  bool raw = false;      // the body is bytes, no JSON
};

std::span<const Route> all_routes();

struct Match {
  const Route* route = nullptr;
  std::vector<experiment::Id> ids;
  std::string name;
};

// Throws Refusal: 404 for an unknown path, 405 for a known one with another method.
Match find_route(const std::string& method, const std::string& path);

bool is_project_id(const std::string& text);

}  // namespace frugal::serve
