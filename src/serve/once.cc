#include "serve/once.h"

#include <fmt/format.h>

#include "base/file.h"
#include "serve/fields.h"

namespace frugal::serve {
namespace {

constexpr const char* kOnceKind = "once";
constexpr double kKeptSeconds = 86400;
constexpr std::size_t kLongestKey = 200;

}  // namespace

experiment::Also Call::also() const {
  if (once.name.empty()) return {};
  const double now = scheduler.clock().now_seconds();
  return [record = experiment::Record{.id = scheduler.new_record_id(),
                                      .kind = kOnceKind,
                                      .name = once.name,
                                      .expires = now + kKeptSeconds,
                                      .body = {{"request", once.fingerprint}},
                                      .created = now}](experiment::Store& store,
                                                       const std::vector<experiment::Id>& of) {
    experiment::Record made = record;
    made.body["ids"] = of;
    store.add(made);
  };
}

OnceKeys::Hold::Hold(OnceKeys& keys, std::string name) : keys_(keys), name_(std::move(name)) {
  if (name_.empty()) return;
  const std::lock_guard lock(keys_.mutex_);
  if (!keys_.held_.insert(name_).second)
    throw Refusal(409, "a request with this Idempotency-Key is being answered; ask again");
}

OnceKeys::Hold::~Hold() {
  if (name_.empty()) return;
  const std::lock_guard lock(keys_.mutex_);
  keys_.held_.erase(name_);
}

Once OnceKeys::read(const HttpRequest& request, const Access& access) {
  const std::string key = request.header("idempotency-key");
  if (key.empty() || request.method != "POST") return {};
  if (key.size() > kLongestKey)
    throw InputError(fmt::format("Idempotency-Key can have {} characters", kLongestKey));
  return {fmt::format("{}:{}", access.token, key), sha256(request.path + "\n" + request.body)};
}

std::optional<std::vector<experiment::Id>> OnceKeys::made_by(const Once& once) const {
  const auto found = scheduler_.store().records({.kind = kOnceKind, .name = once.name});
  if (found.empty()) return std::nullopt;
  if (found.front().body.at("request") != once.fingerprint)
    throw InputError("this Idempotency-Key came with another request; give each its own");
  return found.front().body.at("ids").get<std::vector<experiment::Id>>();
}

void OnceKeys::forget_old() {
  const experiment::RecordQuery old{.kind = kOnceKind,
                                    .expired_before = scheduler_.clock().now_seconds()};
  if (scheduler_.store().count_records(old) == 0) return;
  scheduler_.write([&](experiment::Store& store) { store.remove_records(old); });
}

}  // namespace frugal::serve
