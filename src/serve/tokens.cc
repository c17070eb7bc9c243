#include "serve/tokens.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "serve/call.h"

namespace frugal::serve {
namespace {

constexpr const char* kTokenKind = "token";

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

bool is_equal(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string make_token() {
  std::array<unsigned char, 32> bytes;
  FRUGAL_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

Tokens::Tokens(experiment::Scheduler& scheduler, const std::string& main_token)
    : scheduler_(scheduler), main_hash_(sha256(main_token)) {
  for (const auto& record : list())
    known_[record.id] = {
        record.name,
        {record.id, record.body.at("may_write").get<bool>(), record.experiment, record.expires},
        record.state == "revoked"};
}

Access Tokens::check(const std::string& header) const {
  if (header.empty())
    throw Refusal(401, "a token is needed: HTTP Basic with the token as user, or Bearer");
  const std::string hash = sha256(presented(header));  // of equal length, whatever was sent
  const Known* found = nullptr;
  const bool is_main = is_equal(hash, main_hash_);
  const std::lock_guard lock(mutex_);
  for (const auto& [id, known] : known_)  // all of them, so that time tells nothing
    if (is_equal(hash, known.hash)) found = &known;
  if (is_main) return {};
  if (found == nullptr) throw Refusal(403, "this token is not known here", "revoked");
  if (found->revoked) throw Refusal(403, "this token was revoked", "revoked");
  if (found->access.expires > 0 && found->access.expires < scheduler_.clock().now_seconds())
    throw Refusal(403, "this token has expired", "expired");
  return found->access;
}

bool Tokens::is_good(const Access& access) const {
  if (access.token == 0) return true;
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(access.token);
  if (found == known_.end() || found->second.revoked) return false;
  return access.expires == 0 || access.expires >= scheduler_.clock().now_seconds();
}

Tokens::Made Tokens::make(const Access& access, const std::string& name,
                          const experiment::Also& also) {
  Made made{make_token(), scheduler_.new_record_id()};
  const experiment::Record record{.id = made.id,
                                  .kind = kTokenKind,
                                  .name = sha256(made.token),
                                  .state = "active",
                                  .experiment = access.experiment,
                                  .expires = access.expires,
                                  .body = {{"may_write", access.may_write}, {"name", name}},
                                  .created = scheduler_.clock().now_seconds()};
  scheduler_.write([&](experiment::Store& store) {
    store.add(record);
    if (also) also(store, {made.id});
  });
  const std::lock_guard lock(mutex_);
  known_[made.id] = {record.name, access, false};
  known_[made.id].access.token = made.id;
  return made;
}

std::vector<experiment::Record> Tokens::list() const {
  return scheduler_.store().records({.kind = kTokenKind});
}

void Tokens::revoke(experiment::Id id) {
  auto found = scheduler_.store().records({.kind = kTokenKind, .only = id});
  if (found.empty()) throw experiment::NotFound(fmt::format("there is no token {}", id));
  found[0].state = "revoked";
  {
    const std::lock_guard lock(mutex_);
    known_[id].revoked = true;
  }
  scheduler_.write([&](experiment::Store& store) { store.update(found[0]); });
}

}  // namespace frugal::serve
