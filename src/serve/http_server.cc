#include "serve/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "serve/http_state.h"

namespace frugal::serve {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::beast::error_code;

}  // namespace

// Every connection takes a descriptor; what is left is for the store and the rest.
std::size_t HttpServer::State::connections_possible(std::size_t wanted) {
  constexpr rlim_t kReserve = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < wanted + kReserve) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted + kReserve);
    ::setrlimit(RLIMIT_NOFILE, &limit);  // as many as we may; how many those are is asked next
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return std::min<std::size_t>(
      wanted, limit.rlim_cur > 2 * kReserve ? limit.rlim_cur - kReserve : kReserve);
}

void HttpServer::State::load_certificate() {
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw InputError("TLS needs a certificate and its key: give --tls-certificate and --tls-key");
  if (options.tls_certificate.empty()) return;
  ErrorCode error;
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv3 |
                  asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  tls.use_certificate_chain_file(options.tls_certificate, error);
  if (error)
    throw InputError(fmt::format("{} cannot be read as a certificate (PEM): {}",
                                 options.tls_certificate, error.message()));
  tls.use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (error)
    throw InputError(fmt::format("{} cannot be read as the key of {} (PEM): {}", options.tls_key,
                                 options.tls_certificate, error.message()));
}

void HttpServer::State::listen() {
  load_certificate();
  ErrorCode error;
  const auto address =
      asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error)
    throw InputError(fmt::format(
        "{} is no address to listen on; give one of this machine such as 127.0.0.1, or 0.0.0.0",
        options.host));
  const auto check = [&] {
    if (error)
      throw SystemError(fmt::format("cannot listen on {}:{}", options.host, options.port),
                        error.value());
  };
  acceptor.open(address.is_v6() ? Tcp::v6() : Tcp::v4(), error);
  check();
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  acceptor.bind({address, static_cast<unsigned short>(options.port)}, error);
  check();
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  check();
  port = acceptor.local_endpoint().port();
}

void HttpServer::State::start() {
  pool.emplace(options.threads);
  accept();
  tick();
  thread = std::thread([this] { io.run(); });
}

void HttpServer::State::accept() {
  acceptor.async_accept([self = shared_from_this()](ErrorCode error, Tcp::socket socket) {
    if (self->stopping || error == asio::error::operation_aborted) return;
    if (!error) {
      self->admit(std::move(socket));
      return self->accept();
    }
    // No descriptor is left, say. Without a pause it would be tried again at once, for ever.
    self->evict_idle();
    auto pause = std::make_shared<asio::steady_timer>(self->io, std::chrono::milliseconds(20));
    pause->async_wait([self, pause](ErrorCode) { self->accept(); });
  });
}

void HttpServer::State::admit(Tcp::socket socket) {
  ++accepted;
  while (open.size() >= most_connections && !idle.empty()) evict_idle();
  if (open.size() >= most_connections) return;  // all of them work: the socket is closed
  ErrorCode error;
  socket.set_option(Tcp::no_delay(true), error);
  const auto remote = socket.remote_endpoint(error);
  if (error) return;
  const std::string peer = remote.address().to_string();
  make_connection(*this, peer, std::move(socket))->start();
}

void HttpServer::State::evict_idle() {
  if (idle.empty()) return;
  const auto longest = idle.front().lock();
  if (longest == nullptr) return idle.pop_front();
  ++evicted;
  longest->close();
}

void HttpServer::State::handle(const ConnectionPointer& connection,
                               std::shared_ptr<HttpRequest> request) {
  ++handling;
  asio::post(*pool, [self = shared_from_this(), connection, request = std::move(request)] {
    HttpAnswer answer = self->handler.handle(*request);
    asio::post(self->io, [self, connection, request, answer = std::move(answer)]() mutable {
      --self->handling;
      self->take(connection, request, std::move(answer));
      self->finish_when_quiet();
    });
  });
}

void HttpServer::State::take(const ConnectionPointer& connection,
                             const std::shared_ptr<HttpRequest>& request, HttpAnswer answer) {
  if (answer.park) {
    parked.push_back({connection, request});
    waiting = parked.size();
    if (stopping) handle_parked();
  } else if (answer.stream && !stopping) {
    request->cursor = std::move(answer.cursor);
    connection->stream(std::move(answer), [self = shared_from_this(), connection, request] {
      if (self->stopping) return connection->close();
      self->streams.push_back({connection, request});
    });
  } else if (answer.stream || connection->is_streaming()) {
    connection->close();
  } else {
    connection->answer(std::move(answer));
  }
}

void HttpServer::State::handle_parked() {
  for (Parked& one : std::exchange(parked, {})) {
    one.request->was_parked = true;
    one.request->last_time = stopping;
    handle(one.connection, std::move(one.request));
  }
  waiting = 0;
}

void HttpServer::State::handle_streams() {
  for (Parked& one : std::exchange(streams, {})) {
    one.request->was_parked = true;
    handle(one.connection, std::move(one.request));
  }
}

// Somebody may change things without a word; and a wait has its end.
void HttpServer::State::tick() {
  timer.expires_after(duration_of(options.look_again_seconds));
  timer.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->stopping) return;
    self->handle_parked();
    self->handle_streams();
    self->tick();
  });
}

void HttpServer::State::begin_stop() {
  stopping = true;
  ErrorCode ignored;
  acceptor.close(ignored);
  timer.cancel();
  for (const auto& connection : std::list<ConnectionPointer>(open))
    if (connection->is_idle()) connection->close();
  for (const Parked& one : std::exchange(streams, {})) one.connection->close();
  handle_parked();
  timer.expires_after(duration_of(options.stop_seconds));
  timer.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error) return;
    for (const auto& connection : std::list<ConnectionPointer>(self->open)) connection->close();
  });
  finish_when_quiet();
}

void HttpServer::State::finish_when_quiet() {
  if (stopping && open.empty() && handling == 0) timer.cancel();
}

HttpServer::HttpServer(HttpOptions options, Handler handler)
    : state_(std::make_shared<State>(std::move(options), std::move(handler))) {
  state_->listen();
}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::start() {
  state_->start();
}

int HttpServer::port() const {
  return state_->port;
}

void HttpServer::wake() {
  asio::post(state_->io, [state = state_] { state->handle_parked(); });
}

void HttpServer::stop() {
  if (!state_->thread.joinable()) return;
  asio::post(state_->io, [state = state_] { state->begin_stop(); });
  state_->thread.join();  // io runs out of work
  state_->pool->join();
}

HttpServer::Count HttpServer::count() const {
  return {state_->connections, state_->accepted, state_->evicted, state_->waiting,
          state_->streaming};
}

}  // namespace frugal::serve
