#include "serve/origin.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "serve/call.h"

namespace frugal::serve {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "[::1]:8265" -> "::1", "name:8265" -> "name".
std::string name_of(const std::string& host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

// No name server can be made to lie about an address.
bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
}

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? lower(name.data()) : "";
}

}  // namespace

void require_own_site(const HttpRequest& request, const std::vector<std::string>& allowed) {
  const std::string host = lower(request.header("host"));
  if (host.empty()) throw Refusal(400, "the Host header is missing");
  const std::string name = name_of(host);
  const bool is_own = is_address(name) || name == "localhost" || name == machine_name() ||
                      std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  if (!is_own)
    throw Refusal(421, fmt::format("this server does not go by the name {}; if it should, start "
                                   "it with --allow-host {}",
                                   name, name));
  const std::string origin = lower(request.header("origin"));
  const bool is_foreign =
      !origin.empty() && origin != "http://" + host && origin != "https://" + host;
  if (is_foreign || request.header("sec-fetch-site") == "cross-site")
    throw Refusal(403, "requests from pages of other sites are not answered");
}

}  // namespace frugal::serve
