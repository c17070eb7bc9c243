#include "serve/server.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "serve/access_log.h"
#include "serve/call.h"
#include "serve/fields.h"
#include "serve/figures.h"
#include "serve/limits.h"
#include "serve/once.h"
#include "serve/origin.h"
#include "serve/page.h"
#include "serve/routes.h"
#include "serve/sessions.h"
#include "serve/tallies.h"
#include "serve/workers.h"

namespace frugal::serve {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point then) {
  return std::chrono::duration<double>(SteadyClock::now() - then).count();
}

// <, > and & escaped, so that no browser ever takes an answer for a page. Outside of texts JSON
// has none of them.
std::string json_text(const Json& json) {
  const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  text.reserve(plain.size());
  for (const char c : plain)
    if (c == '<' || c == '>' || c == '&')
      text += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      text += c;
  return text;
}

HttpAnswer sealed(HttpAnswer answer) {
  const auto has = [&](const char* header) {
    return std::any_of(answer.headers.begin(), answer.headers.end(),
                       [&](const auto& item) { return item.first == header; });
  };
  for (const auto& [name, value] :
       {std::pair{"Cache-Control", "no-cache, no-store"},
        std::pair{"X-Content-Type-Options", "nosniff"},
        std::pair{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        std::pair{"Referrer-Policy", "no-referrer"}})
    if (!has(name)) answer.headers.emplace_back(name, value);
  return answer;
}

HttpAnswer refusal(int status, const std::string& message, const std::string& token_status = {},
                   bool is_of_own_page = false) {
  Json body = {{"message", message}, {"status", status}};
  if (!token_status.empty()) body["token_status"] = token_status;
  HttpAnswer answer{.status = status, .body = json_text(body)};
  if (status == 401 && !is_of_own_page)
    answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"frugal\"");
  if (status == 429) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

// The error that is in flight, as an answer.
HttpAnswer error_answer(const HttpRequest& request) {
  try {
    throw;
  } catch (const Refusal& error) {
    return refusal(error.status(), error.what(), error.token_status(), is_of_own_page(request));
  } catch (const experiment::NotFound& error) {
    return refusal(404, error.what());
  } catch (const experiment::StaleLease& error) {
    return refusal(409, error.what());
  } catch (const experiment::Conflict& error) {
    return refusal(409, error.what());
  } catch (const experiment::NoMore& error) {
    return refusal(403, error.what());
  } catch (const InputError& error) {
    return refusal(400, error.what());
  } catch (const std::exception& error) {
    return refusal(500, error.what());
  }
}

// Whatever a client says that it is, no browser shows it as a page of ours.
HttpAnswer file_answer(const Answer& answer) {
  HttpAnswer written{.status = answer.status,
                     .type = "application/octet-stream",
                     .body = *answer.bytes,
                     .headers = {{"Content-Disposition", "attachment"}}};
  if (!answer.content_range.empty())
    written.headers.emplace_back("Content-Range", answer.content_range);
  return written;
}

HttpAnswer http_answer(const Answer& answer, const HttpRequest& request) {
  if (answer.park) return {.park = true};
  if (answer.stream)
    return {
        .type = "text/event-stream", .body = answer.text, .stream = true, .cursor = answer.cursor};
  if (!answer.text.empty())
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = answer.text};
  if (answer.bytes) return file_answer(answer);
  HttpAnswer written{.status = answer.status};
  if (!answer.location.empty()) written.headers.emplace_back("Location", answer.location);
  if (!answer.cookie.empty()) written.headers.emplace_back("Set-Cookie", answer.cookie);
  const bool skip = answer.status == 200 && request.header("x-response-content") == "skip";
  if (skip) written.status = 204;
  if (written.status != 204) written.body = json_text(answer.body);
  return written;
}

bool carries_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "MERGE";
}

bool only_reads(const std::string& method) {
  return method == "GET" || method == "HEAD";
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

}  // namespace

struct Server::State {
  State(experiment::Scheduler& the_scheduler, ServerOptions the_options)
      : scheduler(the_scheduler),
        options(std::move(the_options)),
        runs(scheduler, {.lease_seconds = options.run_seconds}),
        tokens(scheduler, options.token),
        keys(scheduler),
        sessions(scheduler.clock(), tokens, !options.tls_certificate.empty()),
        workers(scheduler.clock()),
        log(options.access_log),
        rate(options.requests_per_second, std::max(options.requests_per_second, 1.0)),
        wrong_tokens(options.wrong_tokens_per_minute / 60,
                     std::max(options.wrong_tokens_per_minute, 1.0)) {}

  HttpAnswer handle(const HttpRequest& request);
  Answer answer(const HttpRequest& request, AccessLine& line);
  std::optional<Answer> answer_to_anybody(const HttpRequest& request, AccessLine& line);
  Access admit(const HttpRequest& request, AccessLine& line);
  static void require_permission(const Match& match, const Access& access,
                                 const std::string& method);
  Answer replay(const Match& match, Call& call, const std::vector<experiment::Id>& made);
  std::string figures_text() const;
  static double now() { return seconds_since(SteadyClock::time_point()); }

  experiment::Scheduler& scheduler;
  ServerOptions options;
  experiment::Runs runs;
  Tokens tokens;
  Importances importances;
  OnceKeys keys;
  Sessions sessions;
  Tallies tallies;
  Workers workers;
  AccessLog log;
  RateLimit rate, wrong_tokens;
  Figures figures;
  std::unique_ptr<HttpServer> http;
  Services services{scheduler,
                    runs,
                    tokens,
                    importances,
                    sessions,
                    tallies,
                    workers,
                    options,
                    [this] { http->wake(); },
                    [this] { return figures_text(); }};
};

// Who asks. What is wrong with a token is told slowly.
Access Server::State::admit(const HttpRequest& request, AccessLine& line) {
  if (wrong_tokens.is_spent(request.peer, now()))
    throw Refusal(429, "too many wrong tokens from this address; wait a minute");
  try {
    const std::string shown = request.header("authorization");
    const auto session = shown.empty() ? sessions.find(request) : std::nullopt;
    if (session) require_own_page(request);
    const Access access = session ? *session : tokens.check(shown);
    line.token = std::to_string(access.token);
    if (!rate.take(line.token, now()))
      throw Refusal(429, fmt::format("more than {} requests a second with this token",
                                     options.requests_per_second));
    return access;
  } catch (const Refusal& refusal) {
    if (refusal.status() == 403) wrong_tokens.take(request.peer, now());
    throw;
  }
}

void Server::State::require_permission(const Match& match, const Access& access,
                                       const std::string& method) {
  if (access.experiment > 0) {
    if (match.route->need == Need::kAll)
      throw Refusal(403, "this token sees one experiment only", "invalid_permissions");
    if (match.route->need == Need::kExperiment && match.ids.at(0) != access.experiment)
      throw experiment::NotFound(fmt::format("there is no experiment {}", match.ids.at(0)));
  }
  if (!access.may_write && !only_reads(method) && match.route->need != Need::kSignIn)
    throw Refusal(403, "this token can only read", "invalid_permissions");
}

Answer Server::State::replay(const Match& match, Call& call,
                             const std::vector<experiment::Id>& made) {
  Json data = Json::array();
  const auto ids = call.ids;
  for (const experiment::Id id : made) {
    call.ids = ids;
    call.ids.push_back(id);
    if (match.route->shows == nullptr)
      return {200, {{"object", "made_before"}, {"id", std::to_string(id)}}};
    data.push_back(match.route->shows(call).body);
  }
  if (data.size() == 1 && !std::string(match.route->path).ends_with("/batch"))
    return {200, data[0]};
  return {200,
          {{"object", "pagination"},
           {"count", data.size()},
           {"data", data},
           {"paging", {{"before", nullptr}, {"after", nullptr}}}}};
}

std::optional<Answer> Server::State::answer_to_anybody(const HttpRequest& request,
                                                       AccessLine& line) {
  if (!only_reads(request.method)) return std::nullopt;
  for (const Route& route : all_routes()) {
    if (route.need != Need::kNothing || request.path != route.path) continue;
    line.route = fmt::format("GET {}", route.path);
    Call call{.services = services, .request = request};
    return route.handler(call);
  }
  return std::nullopt;
}

Answer Server::State::answer(const HttpRequest& request, AccessLine& line) {
  require_own_site(request, options.allowed_hosts);
  if (auto open = answer_to_anybody(request, line)) return *open;
  const Access access = admit(request, line);
  const Match match = find_route(request.method, request.path);
  line.route = fmt::format("{} {}", match.route->method, match.route->path);
  require_permission(match, access, request.method);
  Call call{.services = services,
            .request = request,
            .access = access,
            .ids = match.ids,
            .name = match.name,
            .of_runs = match.route->of_runs,
            .once = OnceKeys::read(request, access),
            .waited_seconds = seconds_since(request.received),
            .was_parked = request.was_parked,
            .last_time = request.last_time,
            .cursor = request.cursor};
  if (carries_body(request.method) && !match.route->raw) {
    if (!request.body.empty()) call.body = parse_json(request.body, "body");
    if (!call.body.is_object()) throw InputError("body: must be an object");
    if (request.body.find("\\u0000") != std::string::npos) require_no_nul(call.body, "body");
  } else {
    for (const auto& [key, value] : request.query)
      if (!call.query.emplace(key, value).second)
        throw InputError(fmt::format("query: {} stands twice", key));
  }
  const OnceKeys::Hold hold(keys, call.once.name);
  if (!call.once.name.empty())
    if (const auto made = keys.made_by(call.once)) return replay(match, call, *made);
  Answer made = match.route->handler(call);
  // What is told must not be lost: memory may know more than the disk.
  if (only_reads(request.method)) scheduler.settle();
  return made;
}

HttpAnswer Server::State::handle(const HttpRequest& request) {
  AccessLine line{.time = scheduler.clock().now_seconds(),
                  .peer = request.peer,
                  .method = request.method,
                  .path = request.path,
                  .bytes_in = request.body.size()};
  HttpAnswer written;
  try {
    if (const auto page = page_for(request)) {
      require_own_site(request, options.allowed_hosts);
      line.route = "GET " + request.path;
      written = *page;
    } else {
      written = http_answer(answer(request, line), request);
    }
  } catch (...) {
    written = error_answer(request);
  }
  if (written.park || (request.was_parked && !request.cursor.empty())) return written;
  const double seconds = seconds_since(request.received);
  figures.count(line.route, written.status, seconds);
  line.status = written.status;
  line.milliseconds = seconds * 1e3;
  line.bytes_out = written.body.size();
  log.write(line);
  return sealed(std::move(written));
}

std::string Server::State::figures_text() const {
  const auto http_count = http->count();
  const auto written = scheduler.written();
  double open = 0, active = 0;
  for (const auto& experiment : scheduler.experiments()) {
    if (experiment.state != experiment::ExperimentState::kActive) continue;
    active += 1;
    open += static_cast<double>(scheduler.open_trials(experiment.id));
  }
  return figures.text(
      {{"frugal_connections", "Open connections.", static_cast<double>(http_count.connections)},
       {"frugal_connections_accepted_total", "Connections accepted.",
        static_cast<double>(http_count.accepted), true},
       {"frugal_connections_evicted_total", "Idle connections closed to make room.",
        static_cast<double>(http_count.evicted), true},
       {"frugal_requests_parked", "Requests that wait for work.",
        static_cast<double>(http_count.parked)},
       {"frugal_event_streams", "Clients that are told of changes.",
        static_cast<double>(http_count.streams)},
       {"frugal_experiments_active", "Experiments that are not deleted.", active},
       {"frugal_trials_open", "Trials that have not ended.", open},
       {"frugal_store_transactions_total", "Transactions written to the store.",
        static_cast<double>(written.transactions), true},
       {"frugal_store_changes_total", "Changes in those transactions.",
        static_cast<double>(written.changes), true},
       {"process_resident_memory_bytes", "Memory in use.", resident_bytes()}});
}

Server::Server(experiment::Scheduler& scheduler, ServerOptions options) {
  if (options.token.empty()) throw InputError("a server needs a token");
  state_ = std::make_unique<State>(scheduler, std::move(options));
  HttpOptions http = state_->options.http;
  http.host = state_->options.host;
  http.port = state_->options.port;
  http.tls_certificate = state_->options.tls_certificate;
  http.tls_key = state_->options.tls_key;
  http.most_body_bytes = state_->options.max_body_bytes;
  http.most_connections = state_->options.max_connections;
  http.threads = state_->options.threads;
  state_->http = std::make_unique<HttpServer>(
      http,
      HttpServer::Handler{
          [state = state_.get()](const HttpRequest& request) { return state->handle(request); },
          [](int status, const std::string& message) { return sealed(refusal(status, message)); }});
  state_->sessions.name(fmt::format("frugal_session_{}", state_->http->port()));
  state_->http->start();
}

Server::~Server() {
  stop();
}

int Server::port() const {
  return state_->http->port();
}

std::string Server::address() const {
  const bool is_secure = !state_->options.tls_certificate.empty();
  const std::string& host = state_->options.host;
  return fmt::format("{}://{}:{}", is_secure ? "https" : "http",
                     host.find(':') == std::string::npos ? host : fmt::format("[{}]", host),
                     port());
}

void Server::tend() {
  const std::size_t given_up = state_->scheduler.expire() + state_->runs.expire();
  state_->keys.forget_old();
  if (given_up > 0) state_->http->wake();
}

void Server::stop() {
  if (state_->http != nullptr) state_->http->stop();
}

void share_heaps() {
  ::mallopt(M_ARENA_MAX, 2);
}

}  // namespace frugal::serve
