// Browsers that have signed in with a token: a cookie stands for it, so that no script of a page
// ever holds the token for longer than the request that shows it. In memory: whoever starts the
// server anew has everybody sign in again. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "serve/http.h"
#include "serve/tokens.h"

namespace frugal::serve {

class Sessions {
 public:
  // name: of the cookie; cookies know no ports, so that servers side by side need different ones.
  Sessions(const Clock& clock, const Tokens& tokens, bool over_tls)
      : clock_(clock), tokens_(tokens), over_tls_(over_tls) {}
  void name(const std::string& cookie) { cookie_ = cookie; }

  // Returns the value of Set-Cookie.
  std::string begin(const Access& access);
  std::string end(const HttpRequest& request);

  // nullopt: the request has no cookie of a session that is still good: it has not been used for
  // long, or its token was revoked or has expired.
  std::optional<Access> find(const HttpRequest& request);

 private:
  struct Session {
    Access access;
    double last_seen = 0;
  };
  std::string cookie_of(const HttpRequest& request) const;
  std::string set_cookie(const std::string& value, int seconds) const;
  void make_room();

  const Clock& clock_;
  const Tokens& tokens_;
  bool over_tls_;
  std::string cookie_ = "frugal_session";
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // by the hash of the cookie's value
};

// A cookie is sent by the browser whoever wrote the page: only the server's own pages can send
// this header with it, and read what comes back. Throws Refusal (403).
void require_own_page(const HttpRequest& request);
bool is_of_own_page(const HttpRequest& request);

}  // namespace frugal::serve
