// Base64 as in RFC 4648, section 4: padded, without line breaks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace frugal {

std::string base64(std::string_view bytes);
// nullopt: it is none. "" is no bytes.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace frugal
