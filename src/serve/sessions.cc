#include "serve/sessions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "serve/call.h"

namespace frugal::serve {
namespace {

constexpr int kSeconds = 12 * 3600;  // without a request
constexpr std::size_t kMost = 1000;

}  // namespace

std::string Sessions::set_cookie(const std::string& value, int seconds) const {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_, value,
                     seconds, over_tls_ ? "; Secure" : "");
}

// "" when there is none.
std::string Sessions::cookie_of(const HttpRequest& request) const {
  const std::string header = request.header("cookie");
  for (std::size_t at = 0; at < header.size();) {
    const auto end = std::min(header.find(';', at), header.size());
    const auto begin = std::min(header.find_first_not_of(' ', at), end);
    const std::string pair = header.substr(begin, end - begin);
    if (pair.starts_with(cookie_ + "=")) return pair.substr(cookie_.size() + 1);
    at = end + 1;
  }
  return "";
}

// The oldest go.
void Sessions::make_room() {
  const double now = clock_.now_seconds();
  std::erase_if(sessions_,
                [&](const auto& item) { return now - item.second.last_seen > kSeconds; });
  while (sessions_.size() >= kMost)
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [](auto& a, auto& b) {
      return a.second.last_seen < b.second.last_seen;
    }));
}

std::string Sessions::begin(const Access& access) {
  const std::string value = make_token();
  const std::lock_guard lock(mutex_);
  make_room();
  sessions_[sha256(value)] = {access, clock_.now_seconds()};
  return set_cookie(value, kSeconds);
}

std::string Sessions::end(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(sha256(cookie_of(request)));
  return set_cookie("", 0);
}

std::optional<Access> Sessions::find(const HttpRequest& request) {
  const std::string value = cookie_of(request);
  if (value.empty()) return std::nullopt;
  Access access;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(sha256(value));
    if (found == sessions_.end()) return std::nullopt;
    if (clock_.now_seconds() - found->second.last_seen > kSeconds) {
      sessions_.erase(found);
      return std::nullopt;
    }
    found->second.last_seen = clock_.now_seconds();
    access = found->second.access;
  }
  if (tokens_.is_good(access)) return access;
  const std::lock_guard lock(mutex_);
  sessions_.erase(sha256(value));
  return std::nullopt;
}

bool is_of_own_page(const HttpRequest& request) {
  return request.header("x-frugal-dashboard") == "1";
}

void require_own_page(const HttpRequest& request) {
  const std::string site = request.header("sec-fetch-site");
  const bool is_own = site.empty() || site == "same-origin" || site == "none";
  const bool only_reads = request.method == "GET" || request.method == "HEAD";
  if (!is_own || (!only_reads && !is_of_own_page(request)))
    throw Refusal(403, "a browser's session is for the dashboard's own pages; show a token");
}

}  // namespace frugal::serve
