// Percent-encoding (RFC 3986) and query strings.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace frugal::serve {

// nullopt: a % without two hexadecimal digits. plus_is_space: as in query strings.
std::optional<std::string> percent_decoded(const std::string& text, bool plus_is_space);

// "a=1&b=2" appended to pairs. False when it cannot be decoded.
bool decode_query(const std::string& text, std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace frugal::serve
