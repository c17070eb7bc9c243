// Whether a request comes from where it may: against DNS rebinding (a foreign name that leads to
// this machine) and against pages of other sites that send requests through their visitor's
// browser.
#pragma once

#include <string>
#include <vector>

#include "serve/http.h"

namespace frugal::serve {

// The Host must be an address, localhost, this machine's name or one of allowed; the Origin, when
// a browser sends one, must be that host. Throws Refusal: 400 without a Host, 421 for another one,
// 403 for another origin.
void require_own_site(const HttpRequest& request, const std::vector<std::string>& allowed);

}  // namespace frugal::serve
