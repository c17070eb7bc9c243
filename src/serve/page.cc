#include "serve/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "bundle/bundle.h"

namespace frugal::serve {
namespace {

// Nothing but the page's own files and its own server; no frame, no form, no inline script or
// style.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

std::span<const PageFile> page_files() {
  static const std::array kFiles = {
      PageFile{"/", "text/html; charset=utf-8", bundle::kHtml},
      PageFile{"/dashboard.css", "text/css; charset=utf-8", bundle::kCss},
      PageFile{"/dashboard.js", "text/javascript; charset=utf-8", bundle::kJs},
      PageFile{"/dashboard.svg", "image/svg+xml", bundle::kSvg},
  };
  return kFiles;
}

std::optional<HttpAnswer> page_for(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const auto files = page_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const PageFile& file) { return file.path == request.path; });
  if (found == files.end()) return std::nullopt;
  const std::string tag = fmt::format("\"{}\"", sha256(found->content));
  HttpAnswer answer{.type = std::string(found->type)};
  answer.headers = {{"Content-Security-Policy", kPolicy},
                    {"Cache-Control", "no-cache"},
                    {"Cross-Origin-Opener-Policy", "same-origin"},
                    {"Cross-Origin-Resource-Policy", "same-origin"},
                    {"ETag", tag}};
  if (request.header("if-none-match") == tag)
    answer.status = 304;
  else
    answer.body = std::string(found->content);
  return answer;
}

}  // namespace frugal::serve
