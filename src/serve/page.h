// The dashboard's files, which anybody may load: they hold nothing but the program. They are
// bundle/'s.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "serve/http.h"

namespace frugal::serve {

struct PageFile {
  std::string_view path;  // "/" or "/dashboard.js"
  std::string_view type;
  std::string_view content;
};
std::span<const PageFile> page_files();

// nullopt: no file of the dashboard was asked for.
std::optional<HttpAnswer> page_for(const HttpRequest& request);

}  // namespace frugal::serve
