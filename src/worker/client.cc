#include "worker/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "experiment/scheduler.h"
#include "experiment/trial_json.h"

namespace frugal::worker {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kHurriedPatience = 5;
constexpr std::chrono::seconds kAnswerTimeout{30};

struct Response {
  int status = 0;
  Json body = Json::object();
};

Json report(const Lease& lease, const experiment::Cost& cost) {
  Json json = to_json(cost);
  json["fence"] = lease.trial.fence;
  return json;
}

std::string path_of(const Lease& lease, const char* what) {
  return fmt::format("/v1/trials/{}/{}", lease.trial.id, what);
}

httplib::Client client_of(const std::string& address) {
  try {
    httplib::Client client(address);
    if (address.starts_with("http") && client.is_valid()) return client;
  } catch (const std::logic_error&) {  // a scheme that it does not know, a port out of range
  }
  throw InputError(fmt::format(
      "{} is no address of a coordinator; give one such as http://127.0.0.1:8265", address));
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions the_options)
      : options(std::move(the_options)), http(client_of(options.address)) {
    http.set_bearer_token_auth(options.token);
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    http.set_connection_timeout(std::chrono::seconds(5));
    http.set_write_timeout(kAnswerTimeout);
  }

  // Tries again while the coordinator is away or in trouble, until patience is used up.
  Response post(const std::string& path, const Json& body, double wait_seconds = 0);
  std::optional<Response> try_once(const std::string& path, const std::string& body,
                                   double wait_seconds, std::string& trouble);
  [[noreturn]] void refused(const httplib::Response& response) const;
  bool pause(double seconds, SteadyClock::time_point since) const;

  ClientOptions options;
  bool first = true;  // until a lease was answered: this process is new
  httplib::Client http;
};

void Client::State::refused(const httplib::Response& response) const {
  std::string message = response.body;
  if (const Json body = Json::parse(response.body, nullptr, false);
      body.is_object() && body.contains("message") && body["message"].is_string())
    message = body["message"].get<std::string>();
  if (response.status == 409) throw experiment::StaleLease(message);
  if (response.status == 404) throw experiment::NotFound(message);
  throw InputError(fmt::format("the coordinator at {} refused with {}: {}", options.address,
                               response.status, message));
}

std::optional<Response> Client::State::try_once(const std::string& path, const std::string& body,
                                                double wait_seconds, std::string& trouble) {
  http.set_read_timeout(kAnswerTimeout + std::chrono::seconds(static_cast<long>(wait_seconds)));
  const auto result = http.Post(path, body, "application/json");
  if (!result) {
    trouble = httplib::to_string(result.error());
    return std::nullopt;
  }
  if (result->status >= 500 || result->status == 429) {
    trouble = fmt::format("it answers {}: {}", result->status, result->body);
    return std::nullopt;
  }
  if (result->status == 204 || result->status == 410) return Response{result->status, {}};
  if (result->status != 200) refused(*result);
  return Response{200, parse_json(result->body, "the coordinator's answer")};
}

// False when patience is used up.
bool Client::State::pause(double seconds, SteadyClock::time_point since) const {
  const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
  do {
    const double patience = options.should_hurry()
                                ? std::min(kHurriedPatience, options.patience_seconds)
                                : options.patience_seconds;
    if (SteadyClock::now() - since >= std::chrono::duration<double>(patience)) return false;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, 0.1)));
  } while (SteadyClock::now() < end);
  return true;
}

Response Client::State::post(const std::string& path, const Json& body, double wait_seconds) {
  const std::string text = body.dump();
  const auto since = SteadyClock::now();
  std::string trouble;
  for (double seconds = 0.05;; seconds = std::min(2 * seconds, 5.0)) {
    if (auto response = try_once(path, text, wait_seconds, trouble)) return *std::move(response);
    if (!pause(seconds, since))
      throw SystemError(
          fmt::format("the coordinator at {} does not answer: {}", options.address, trouble));
  }
}

Client::Client(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Client::~Client() = default;

LeaseAnswer Client::lease(experiment::Id experiment, const std::string& worker,
                          double wait_seconds) {
  const std::string path =
      experiment == 0 ? "/v1/leases" : fmt::format("/v1/experiments/{}/leases", experiment);
  Json body = {{"worker", worker}, {"wait_seconds", wait_seconds}};
  if (state_->first) body["first"] = true;
  const Response response = state_->post(path, body, wait_seconds);
  state_->first = false;
  if (response.status == 410) return {.lease = {}, .over = true};
  if (response.status == 204) return {};
  const char* where = "the coordinator's lease";
  const Json& given = response.body;
  auto leased = experiment::experiment_from_json(given.value("experiment", Json()), where);
  auto trial = experiment::trial_from_json(given.value("trial", Json()), leased, where);
  return {.lease =
              Lease{std::move(leased), std::move(trial), given.value("heartbeat_seconds", 5.0)}};
}

Order Client::heartbeat(const Lease& lease, const Json& progress, const experiment::Cost& cost) {
  Json body = report(lease, cost);
  body["progress"] = progress;
  const Response response = state_->post(path_of(lease, "heartbeat"), body);
  return response.body.value("order", "go_on") == "stop" ? Order::kStop : Order::kGoOn;
}

void Client::observe_intermediate(const Lease& lease, const std::string& task, double value,
                                  std::optional<double> value_stddev,
                                  const experiment::Cost& cost) {
  Json body = report(lease, cost);
  body["task"] = task;
  body["value"] = value;
  if (value_stddev) body["value_stddev"] = *value_stddev;
  state_->post(path_of(lease, "on_the_way"), body);
}

void Client::observe(const Lease& lease, double value, std::optional<double> value_stddev,
                     const Json& metadata, const experiment::Cost& cost) {
  Json body = report(lease, cost);
  body["value"] = value;
  if (value_stddev) body["value_stddev"] = *value_stddev;
  body["metadata"] = metadata;
  state_->post(path_of(lease, "observation"), body);
}

void Client::fail(const Lease& lease, const std::string& reason, const experiment::Cost& cost) {
  Json body = report(lease, cost);
  body["reason"] = reason;
  state_->post(path_of(lease, "failure"), body);
}

void Client::release(const Lease& lease, const std::string& checkpoint,
                     const experiment::Cost& cost) {
  Json body = report(lease, cost);
  body["checkpoint"] = checkpoint;
  state_->post(path_of(lease, "release"), body);
}

}  // namespace frugal::worker
