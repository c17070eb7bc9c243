// Tokens beside the main one: made, listed and revoked in the store, or, while a server has that,
// by asking the server.
#include <fmt/format.h>
#include <httplib.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/standing_server.h"
#include "experiment/budget.h"
#include "serve/tokens.h"

namespace frugal::cli {
namespace {

double expiry_of(const TokenOptions& options, const Clock& clock) {
  if (options.expires_after.empty()) return 0;
  const auto time = experiment::parse_budget(options.expires_after);
  if (!time.wall_seconds || time.dollars || time.runs)
    throw InputError(
        fmt::format("--expires-after {}: give a time such as 30d", options.expires_after));
  return clock.now_seconds() + *time.wall_seconds;
}

experiment::Id id_of(const std::string& text, const char* option) {
  experiment::Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id <= 0)
    throw InputError(fmt::format("{} {}: no id", option, text));
  return id;
}

// The server that has the store.
class Remote {
 public:
  Remote(const StandingServer::Place& place, const std::string& store)
      : http_(place.address), address_(place.address) {
    http_.set_bearer_token_auth(read_file(token_file_of(store)));
    http_.set_connection_timeout(std::chrono::seconds(2));
    if (!place.certificate.empty()) http_.set_ca_cert_path(place.certificate);
  }

  bool answers() { return static_cast<bool>(http_.Get("/healthz")); }
  Json get(const std::string& path) { return read(http_.Get(path)); }
  Json post(const std::string& path, const Json& body) {
    return read(http_.Post(path, body.dump(), "application/json"));
  }
  void remove(const std::string& path) { read(http_.Delete(path)); }

 private:
  Json read(const httplib::Result& result) const {
    if (!result)
      throw SystemError(fmt::format("the server at {} does not answer: {}", address_,
                                    httplib::to_string(result.error())));
    Json body = parse_json(result->body, address_);
    if (result->status != 200)
      throw InputError(fmt::format("the server at {} refused with {}: {}", address_, result->status,
                                   body.value("message", "")));
    return body;
  }

  httplib::Client http_;
  std::string address_;
};

int tell(const Json& token, Console& console) {
  console.result(token.at("token").get<std::string>(), token);
  return 0;
}

void list(const Json& tokens, Console& console) {
  for (const Json& token : tokens)
    console.line(fmt::format(
        "{}  {}  {}  {}  {}", token.value("id", ""), token.value("permissions", ""),
        token["experiment"].is_null() ? "every experiment"
                                      : "experiment " + token["experiment"].get<std::string>(),
        token.value("state", ""), token.value("name", "")));
  console.result(fmt::format("{} tokens", tokens.size()), {{"tokens", tokens}});
}

int ask(Remote& remote, const TokenOptions& options, const Clock& clock, Console& console) {
  if (options.list) {
    list(remote.get("/v1/tokens").at("data"), console);
    return 0;
  }
  if (!options.revoke.empty()) {
    remote.remove(fmt::format("/v1/tokens/{}", id_of(options.revoke, "--revoke")));
    console.result("revoked", {{"revoked", options.revoke}});
    return 0;
  }
  Json body = {{"permissions", options.read_only ? "read" : "write"}, {"name", options.name}};
  if (!options.experiment.empty())
    body["experiment"] = std::to_string(id_of(options.experiment, "--experiment"));
  if (const double expires = expiry_of(options, clock); expires > 0)
    body["expires"] = static_cast<std::int64_t>(expires);
  return tell(remote.post("/v1/tokens", body), console);
}

Json token_json(const experiment::Record& record) {
  return {{"id", std::to_string(record.id)},
          {"permissions", record.body.at("may_write").get<bool>() ? "write" : "read"},
          {"experiment", record.experiment > 0 ? Json(std::to_string(record.experiment)) : Json()},
          {"state", record.state},
          {"name", record.body.at("name")}};
}

int change_store(const TokenOptions& options, const Clock& clock, Console& console) {
  const auto store = experiment::open_store(options.store);
  experiment::Scheduler scheduler(*store, clock);
  serve::Tokens tokens(scheduler, "");
  if (options.list) {
    Json all = Json::array();
    for (const auto& record : tokens.list()) all.push_back(token_json(record));
    list(all, console);
    return 0;
  }
  if (!options.revoke.empty()) {
    tokens.revoke(id_of(options.revoke, "--revoke"));
    console.result("revoked", {{"revoked", options.revoke}});
    return 0;
  }
  serve::Access access{.may_write = !options.read_only, .expires = expiry_of(options, clock)};
  if (!options.experiment.empty())
    access.experiment = scheduler.experiment(id_of(options.experiment, "--experiment")).id;
  const auto made = tokens.make(access, options.name);
  return tell({{"token", made.token}, {"id", std::to_string(made.id)}}, console);
}

}  // namespace

int run_token(const TokenOptions& options, Console& console) {
  if (!options.experiment.empty() && !options.read_only)
    throw InputError("a token of one experiment can only read: give --read-only too");
  if (!experiment::is_postgresql(options.store) && !std::filesystem::exists(options.store))
    throw InputError(fmt::format("there is no store {}; frugal serve makes one", options.store));
  const SystemClock clock;
  if (const auto place = StandingServer::of(options.store)) {
    Remote remote(*place, options.store);
    if (remote.answers()) return ask(remote, options, clock, console);
  }
  return change_store(options, clock, console);
}

}  // namespace frugal::cli
