// The server itself: its health and figures, and who asks.
#include <fmt/format.h>

#include "serve/fields.h"
#include "serve/handlers.h"
#include "serve/pagination.h"

namespace frugal::serve {
namespace {

using experiment::Id;

Json token_json(const Access& access, const Json& token) {
  const bool one = access.experiment > 0;
  return {
      {"object", "token"},
      {"id", std::to_string(access.token)},
      {"token", token},
      {"token_type", one ? "guest" : "client-api"},
      {"all_experiments", !one},
      {"development", false},
      {"permissions", access.may_write ? "write" : "read"},
      {"scope", one ? "experiment" : "client"},
      {"client", "1"},
      {"organization", "1"},
      {"user", nullptr},
      {"experiment", one ? Json(std::to_string(access.experiment)) : Json()},
      {"training_run", nullptr},
      {"lease_length", nullptr},
      {"expires", access.expires > 0 ? Json(static_cast<std::int64_t>(access.expires)) : Json()}};
}

Json owner_json(const char* object) {
  return {{"object", object},
          {"id", "1"},
          {"name", "frugal"},
          {"organization", "1"},
          {"created", nullptr}};
}

}  // namespace

Answer get_health(Call&) {
  return {200, {{"object", "health"}, {"status", "ok"}}};
}

Answer get_figures(Call& call) {
  return {.text = call.services.figures()};
}

// A page that is opened must be able to ask without being refused.
Answer get_session(Call& call) {
  const auto access = call.services.sessions.find(call.request);
  Json json = {{"object", "session"}, {"signed_in", access.has_value()}};
  if (access) json["permissions"] = access->may_write ? "write" : "read";
  return {.body = json};
}

Answer begin_session(Call& call) {
  const Fields fields(call.body, {});
  return {
      .body = {{"object", "session"}, {"permissions", call.access.may_write ? "write" : "read"}},
      .cookie = call.services.sessions.begin(call.access)};
}

Answer end_session(Call& call) {
  require_known_query(call.query, {});
  return {.cookie = call.services.sessions.end(call.request)};
}

Answer get_own_token(Call& call) {
  return {200, token_json(call.access, nullptr)};
}

Answer get_client(Call&) {
  return {200, owner_json("client")};
}

Answer get_organization(Call&) {
  return {200, owner_json("organization")};
}

Answer create_guest_token(Call& call) {
  const Fields fields(call.body, {});
  const auto experiment = call.scheduler.experiment(call.ids[0]);
  Access access{.may_write = false, .experiment = experiment.id};
  const auto made = call.services.tokens.make(access, "guest");
  access.token = made.id;
  return {200, token_json(access, made.token)};
}

Answer create_token(Call& call) {
  const Fields fields(call.body, {"permissions", "experiment", "expires", "name"});
  const std::string permissions = fields.text("permissions", "write");
  if (permissions != "read" && permissions != "write")
    throw InputError("body: permissions is read or write");
  Access access{.may_write = permissions == "write"};
  if (fields.has("experiment")) {
    access.experiment = call.scheduler.experiment(fields.id("experiment")).id;
    if (access.may_write)
      throw InputError("body: permissions: a token of one experiment can only read");
  }
  if (fields.has("expires")) access.expires = static_cast<double>(fields.whole("expires"));
  const auto made = call.services.tokens.make(access, fields.text("name", ""));
  access.token = made.id;
  return {200, token_json(access, made.token)};
}

Answer list_tokens(Call& call) {
  require_known_query(call.query, paging_parameters());
  const auto tokens = call.services.tokens.list();
  std::vector<PageRow> rows;
  for (const auto& token : tokens)
    rows.push_back({token.id, [&token] {
                      Json json = token_json({.token = token.id,
                                              .may_write = token.body.at("may_write").get<bool>(),
                                              .experiment = token.experiment,
                                              .expires = token.expires},
                                             nullptr);
                      json["name"] = token.body.at("name");
                      json["state"] = token.state;
                      json["created"] = static_cast<std::int64_t>(token.created);
                      return json;
                    }});
  return {200, paginate(rows, call.query)};
}

Answer revoke_token(Call& call) {
  require_known_query(call.query, {});
  call.services.tokens.revoke(call.ids[0]);
  return {};
}

}  // namespace frugal::serve
