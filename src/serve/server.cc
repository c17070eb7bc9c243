#include "serve/server.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "base/error.h"
#include "serve/call.h"
#include "serve/credentials.h"
#include "serve/listener.h"
#include "serve/routes.h"

namespace frugal::serve {
namespace {

const char* const kJsonType = "application/json; charset=utf-8";

// <, > and & escaped, so that no browser ever takes an answer for a page. Outside of texts JSON
// has none of them.
std::string json_text(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace))
    if (c == '<' || c == '>' || c == '&')
      text += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      text += c;
  return text;
}

void write_answer(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  if (answer.status != 204) response.set_content(json_text(answer.body), kJsonType);
}

void write_refusal(int status, const std::string& message, httplib::Response& response) {
  write_answer({status, {{"message", message}, {"status", status}}}, response);
  if (status == 401) response.set_header("WWW-Authenticate", "Basic realm=\"frugal\"");
}

// What httplib itself refuses.
std::string words_for(int status) {
  switch (status) {
    case 400:
      return "this is no HTTP request";
    case 413:
      return "the body is too large";
    case 414:
      return "the address is too long";
    default:
      return "refused";
  }
}

// The error that is in flight, as an answer.
void write_error(httplib::Response& response) {
  try {
    throw;
  } catch (const Refusal& error) {
    write_refusal(error.status(), error.what(), response);
  } catch (const experiment::NotFound& error) {
    write_refusal(404, error.what(), response);
  } catch (const experiment::StaleLease& error) {
    write_refusal(409, error.what(), response);
  } catch (const InputError& error) {
    write_refusal(400, error.what(), response);
  } catch (const std::exception& error) {
    write_refusal(500, error.what(), response);
  }
}

}  // namespace

std::string make_token() {
  std::array<unsigned char, 32> bytes;
  FRUGAL_CHECK(RAND_bytes(bytes.data(), bytes.size()) == 1);
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

struct Server::State {
  State(experiment::Scheduler& the_scheduler, ServerOptions the_options)
      : scheduler(the_scheduler), options(std::move(the_options)) {}

  experiment::Scheduler& scheduler;
  ServerOptions options;
  Bell bell;
  Importances importances;
  Listener listener;
  int port = 0;
  std::thread accepting;

  Answer answer(const httplib::Request& request) {
    const Match match = find_route(request.method, request.path);
    if (match.route->needs_token)
      require_token(request.get_header_value("Authorization"), options.token);
    Call call{scheduler, options, bell, importances, match.ids};
    if (request.method == "POST" || request.method == "PUT") {
      if (!request.body.empty()) call.body = parse_json(request.body, "body");
    } else {
      for (const auto& [key, value] : request.params)
        if (!call.query.emplace(key, value).second)
          throw InputError(fmt::format("query: {} stands twice", key));
    }
    return match.route->handler(call);
  }

  void listen();
};

void Server::State::listen() {
  const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
    try {
      write_answer(answer(request), response);
    } catch (...) {
      write_error(response);
    }
  };
  // Our own table decides; httplib knows one route a method.
  listener.Get(".*", handle).Post(".*", handle).Put(".*", handle);
  listener.Patch(".*", handle).Delete(".*", handle).Options(".*", handle);
  listener.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) write_refusal(response.status, words_for(response.status), response);
  });
  listener.set_default_headers(
      {{"Cache-Control", "no-cache, no-store"}, {"X-Content-Type-Options", "nosniff"}});
  listener.set_tcp_nodelay(true);
  // Without httplib's SO_REUSEPORT, by which two coordinators would share a port unawares.
  listener.set_socket_options([](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  listener.set_payload_max_length(options.max_body_bytes);
  listener.new_task_queue = [threads = options.threads] {
    return new httplib::ThreadPool(threads);
  };

  errno = 0;
  if (options.port == 0)
    port = listener.bind_to_any_port(options.host);
  else if (listener.bind_to_port(options.host, options.port))
    port = options.port;
  if (port <= 0)
    throw SystemError(fmt::format("cannot listen on {}:{}", options.host, options.port), errno);
  listener.lengthen_queue();
  accepting = std::thread([this] { listener.listen_after_bind(); });
  while (!listener.is_running()) std::this_thread::yield();  // it would forget an earlier stop
}

Server::Server(experiment::Scheduler& scheduler, ServerOptions options)
    : state_(std::make_unique<State>(scheduler, std::move(options))) {
  if (state_->options.token.empty()) throw InputError("a server needs a token");
  state_->listen();
}

Server::~Server() {
  stop();
}

int Server::port() const {
  return state_->port;
}

std::string Server::address() const {
  return fmt::format("http://{}:{}", state_->options.host, state_->port);
}

void Server::stop() {
  if (!state_->accepting.joinable()) return;
  state_->bell.stop();
  state_->listener.close_idle();
  state_->listener.stop();
  state_->accepting.join();
}

}  // namespace frugal::serve
