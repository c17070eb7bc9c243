#include "serve/percent.h"

#include <algorithm>
#include <cctype>

namespace frugal::serve {

std::optional<std::string> percent_decoded(const std::string& text, bool plus_is_space) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(16 * high + low);
      i += 2;
    }
  }
  return decoded;
}

bool decode_query(const std::string& text,
                  std::vector<std::pair<std::string, std::string>>& pairs) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('&', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto key = percent_decoded(part.substr(0, equals), true);
    const auto value =
        percent_decoded(equals == std::string::npos ? "" : part.substr(equals + 1), true);
    if (!key || !value) return false;
    pairs.emplace_back(*key, *value);
  }
  return true;
}

}  // namespace frugal::serve
