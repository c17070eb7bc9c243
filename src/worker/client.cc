#include "worker/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <charconv>
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

constexpr std::uint64_t kPieceBytes = 1 << 20;  // of a file, in one answer
// Of small files in one answer. The coordinator has patience for 30 s: on a slow line it is less.
constexpr std::size_t kFewestBytes = 64 << 10, kFirstBytes = 256 << 10, kMostBytes = 4 << 20;
constexpr std::size_t kLineBytes = 100;  // before each of them
constexpr double kShortSeconds = 0.25, kLongSeconds = 1;

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

std::optional<Content> content_from(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Content{json.at("sha256"), json.at("bytes")};
}

RunFile run_file_from(const Json& json) {
  return {content_from(json.at("kept")), content_from(json.at("coming")), json.at("received")};
}

// "bytes 0-99/1234"
std::uint64_t whole_of(const std::string& content_range) {
  const auto slash = content_range.find('/');
  if (slash == std::string::npos)
    throw SystemError("the coordinator's answer to a Range has no Content-Range with a length");
  return std::stoull(content_range.substr(slash + 1));
}

// A line "SHA256 BYTES" with so many bytes behind it, which are taken off. Throws SystemError.
Blob next_blob(std::string_view& text) {
  constexpr std::size_t kShaLength = 64;
  const std::string_view line = text.substr(0, text.substr(0, kLineBytes).find('\n'));
  const char* const end = line.data() + line.size();
  std::uint64_t bytes = 0;
  const bool is_whole = line.size() < text.size() && line.size() > kShaLength + 1 &&
                        line[kShaLength] == ' ' &&
                        std::from_chars(line.data() + kShaLength + 1, end, bytes).ptr == end &&
                        bytes <= text.size() - line.size() - 1;
  if (!is_whole) throw SystemError("the coordinator's answer with several files is damaged");
  Blob blob{std::string(line.substr(0, kShaLength)),
            std::string(text.substr(line.size() + 1, bytes))};
  text.remove_prefix(line.size() + 1 + bytes);
  return blob;
}

httplib::Client client_of(const ClientOptions& options) {
  const std::string& address = options.address;
  try {
    httplib::Client client(address);
    if (address.starts_with("http") && client.is_valid()) {
      client.set_bearer_token_auth(options.token);
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);
      client.set_connection_timeout(std::chrono::seconds(5));
      client.set_read_timeout(kAnswerTimeout);
      client.set_write_timeout(kAnswerTimeout);
      return client;
    }
  } catch (const std::logic_error&) {  // a scheme that it does not know, a port out of range
  }
  throw InputError(fmt::format(
      "{} is no address of a coordinator; give one such as http://127.0.0.1:8265", address));
}

}  // namespace

struct Client::State {
  explicit State(ClientOptions the_options)
      : options(std::move(the_options)), http(client_of(options)), files(client_of(options)) {}

  using Request = std::function<httplib::Result()>;

  // Tries again while the coordinator is away or in trouble, until patience is used up. Any answer
  // but those.
  httplib::Response ask(const Request& request);
  // What it lends, of at most so many bytes: more than was asked for is not taken.
  httplib::Response ask_for_bytes(httplib::Request request, std::size_t most);
  Response post(const std::string& path, const Json& body, double wait_seconds = 0);
  Json get(const std::string& path);
  Json json_of(const httplib::Response& response) const;
  [[noreturn]] void refused(const httplib::Response& response) const;
  bool pause(double seconds, SteadyClock::time_point since) const;

  ClientOptions options;
  bool first = true;  // until a lease was answered: this process is new
  httplib::Client http, files;
  std::size_t many_bytes = kFirstBytes;
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

httplib::Response Client::State::ask(const Request& request) {
  const auto since = SteadyClock::now();
  std::string trouble;
  for (double seconds = 0.05;; seconds = std::min(2 * seconds, 5.0)) {
    const auto result = request();
    if (result && result->status < 500 && result->status != 429) return result.value();
    trouble = result ? fmt::format("it answers {}: {}", result->status, result->body)
                     : httplib::to_string(result.error());
    if (!pause(seconds, since))
      throw SystemError(
          fmt::format("the coordinator at {} does not answer: {}", options.address, trouble));
  }
}

httplib::Response Client::State::ask_for_bytes(httplib::Request request, std::size_t most) {
  std::string bytes;
  request.response_handler = [&](const httplib::Response&) {
    bytes.clear();
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t length, std::uint64_t,
                                 std::uint64_t) {
    if (length > most - bytes.size()) return false;
    bytes.append(data, length);
    return true;
  };
  return ask([&] {
    auto result = files.send(request);
    if (result) result->body = std::move(bytes);
    return result;
  });
}

Json Client::State::json_of(const httplib::Response& response) const {
  if (response.status != 200) refused(response);
  return parse_json(response.body, "the coordinator's answer");
}

Response Client::State::post(const std::string& path, const Json& body, double wait_seconds) {
  const std::string text = body.dump();
  const auto response = ask([&] {
    http.set_read_timeout(kAnswerTimeout + std::chrono::seconds(static_cast<long>(wait_seconds)));
    return http.Post(path, text, "application/json");
  });
  if (response.status == 204 || response.status == 410) return {response.status, {}};
  return {200, json_of(response)};
}

Json Client::State::get(const std::string& path) {
  return json_of(ask([&] { return http.Get(path); }));
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

std::map<std::string, Content> Client::inputs() {
  std::map<std::string, Content> inputs;
  try {
    const Json answer = state_->get("/v1/inputs");
    for (const Json& one : answer.at("data")) inputs[one.at("name")] = content_from(one).value();
  } catch (const experiment::NotFound&) {  // a coordinator of other runs, or of before there were
  }
  return inputs;
}

Piece Client::read(const std::string& sha256, std::uint64_t offset) {
  httplib::Request request;
  request.method = "GET";
  request.path = "/v1/blobs/" + sha256;
  request.set_header("Range", fmt::format("bytes={}-{}", offset, offset + kPieceBytes - 1));
  const auto response = state_->ask_for_bytes(std::move(request), kPieceBytes);
  if (response.status == 416) return {};
  if (response.status != 206) state_->refused(response);
  return {response.body, whole_of(response.get_header_value("Content-Range"))};
}

std::vector<Blob> Client::read_many(std::span<const std::string> sha256s) {
  httplib::Request request;
  request.method = "POST";
  request.path = "/v1/blobs/batch";
  request.set_header("Content-Type", "application/json");
  request.body = Json({{"sha256", std::vector<std::string>(sha256s.begin(), sha256s.end())},
                       {"most_bytes", state_->many_bytes}})
                     .dump();
  const auto began = SteadyClock::now();
  const auto response = state_->ask_for_bytes(std::move(request), kMostBytes + kLineBytes);
  if (response.status != 200) state_->refused(response);
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
  if (seconds > kLongSeconds)
    state_->many_bytes = std::max(state_->many_bytes / 2, kFewestBytes);
  else if (seconds < kShortSeconds)
    state_->many_bytes = std::min(state_->many_bytes * 2, kMostBytes);
  std::vector<Blob> blobs;
  for (std::string_view rest = response.body; !rest.empty();) blobs.push_back(next_blob(rest));
  return blobs;
}

RunFile Client::file(const Lease& lease, const std::string& name) {
  const std::string path = path_of(lease, ("files/" + name).c_str());
  return run_file_from(state_->json_of(state_->ask([&] { return state_->files.Get(path); })));
}

RunFile Client::send(const Lease& lease, const std::string& name, const Content& content,
                     std::uint64_t offset, std::string piece) {
  const std::string path = fmt::format("{}?fence={}&sha256={}&bytes={}&offset={}",
                                       path_of(lease, ("files/" + name).c_str()), lease.trial.fence,
                                       content.sha256, content.bytes, offset);
  const auto response =
      state_->ask([&] { return state_->files.Put(path, piece, "application/octet-stream"); });
  if (response.status == 416) return file(lease, name);
  return run_file_from(state_->json_of(response));
}

}  // namespace frugal::worker
