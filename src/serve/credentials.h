// Who may ask: HTTP Basic with the token as user, or Bearer.
#pragma once

#include <string>

namespace frugal::serve {

// header: the value of Authorization, "" when there is none. Compares in constant time.
// Throws Refusal: 401 without a header, 400 for one that cannot be read, 403 for another token.
void require_token(const std::string& header, const std::string& token);

}  // namespace frugal::serve
