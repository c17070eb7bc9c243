#include "serve/credentials.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <optional>
#include <vector>

#include "base/file.h"
#include "serve/call.h"

namespace frugal::serve {
namespace {

std::optional<std::string> base64_decoded(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::vector<unsigned char> decoded(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;  // decoded as zeros
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  return std::string(decoded.begin(), decoded.begin() + size - static_cast<int>(padding));
}

std::string presented(const std::string& header) {
  const auto space = header.find(' ');
  const std::string scheme = header.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : header.substr(space + 1);
  if (scheme == "Bearer" && !rest.empty()) return rest;
  if (scheme == "Basic")
    if (const auto pair = base64_decoded(rest))
      if (const auto colon = pair->find(':'); colon != std::string::npos)
        return pair->substr(0, colon);
  throw Refusal(400, "Authorization must be Basic with the token as user, or Bearer");
}

}  // namespace

void require_token(const std::string& header, const std::string& token) {
  if (header.empty())
    throw Refusal(401, "a token is needed: HTTP Basic with the token as user, or Bearer");
  // Of equal length, whatever was sent.
  const std::string theirs = sha256(presented(header)), ours = sha256(token);
  if (CRYPTO_memcmp(theirs.data(), ours.data(), ours.size()) != 0)
    throw Refusal(403, "this token is not known here");
}

}  // namespace frugal::serve
