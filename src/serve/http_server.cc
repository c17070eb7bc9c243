#include "serve/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "serve/percent.h"

namespace frugal::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using ErrorCode = beast::error_code;
using SteadyClock = std::chrono::steady_clock;

SteadyClock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

// Every connection takes a descriptor; what is left is for the store and the rest.
std::size_t connections_possible(std::size_t wanted) {
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

// What Beast's parser refuses, as a status; 0: the client is gone.
int status_of(ErrorCode error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

const char* words_for(int status) {
  if (status == 413) return "the body is too large";
  if (status == 431) return "the header is too large";
  return "this is no HTTP request";
}

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  virtual void answer(HttpAnswer answer) = 0;
  virtual void close() = 0;
  virtual bool is_idle() const = 0;
};
using ConnectionPointer = std::shared_ptr<Connection>;

}  // namespace

// Everything but `handle` happens in the thread of `io`.
struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(HttpOptions the_options, Handler the_handler)
      : options(std::move(the_options)),
        handler(std::move(the_handler)),
        most_connections(connections_possible(options.most_connections)) {}

  struct Parked {
    ConnectionPointer connection;
    std::shared_ptr<HttpRequest> request;
  };

  void listen();
  void start();
  void load_certificate();
  void accept();
  void admit(Tcp::socket socket);
  void evict_idle();
  void handle(const ConnectionPointer& connection, std::shared_ptr<HttpRequest> request);
  void handle_parked();
  void tick();
  void begin_stop();
  void finish_when_quiet();

  HttpOptions options;
  Handler handler;
  std::size_t most_connections;
  asio::io_context io{1};
  asio::ssl::context tls{asio::ssl::context::tls_server};
  std::optional<asio::thread_pool> pool;
  Tcp::acceptor acceptor{io};
  asio::steady_timer timer{io};
  std::list<std::weak_ptr<Connection>> idle;  // longest first
  std::list<ConnectionPointer> open;
  std::vector<Parked> parked;
  std::size_t handling = 0;
  bool stopping = false;
  int port = 0;
  std::thread thread;
  std::atomic<std::uint64_t> accepted = 0, evicted = 0, connections = 0, waiting = 0;
};

namespace {

template <typename Stream>
class ConnectionOf final : public Connection,
                           public std::enable_shared_from_this<ConnectionOf<Stream>> {
 public:
  template <typename... Arguments>
  ConnectionOf(HttpServer::State& server, std::string peer, Tcp::socket socket,
               Arguments&... arguments)
      : server_(server), stream_(std::move(socket), arguments...), peer_(std::move(peer)) {
    place_ = server_.open.end();
    idle_place_ = server_.idle.end();
  }

  void start() override {
    place_ = server_.open.insert(server_.open.end(), this->shared_from_this());
    server_.connections = server_.open.size();
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      read();
    } else {
      expire_after(server_.options.request_seconds);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](ErrorCode error) {
                                if (error) return self->close();
                                self->read();
                              });
    }
  }

  void answer(HttpAnswer answer) override {
    const bool has_body = answer.status != 204 && !is_head_;
    response_.emplace(static_cast<http::status>(answer.status), version_);
    response_->keep_alive(keep_alive_ && !server_.stopping);
    for (const auto& [name, value] : answer.headers) response_->set(name, value);
    if (answer.status != 204) {
      response_->set(http::field::content_type, answer.type);
      response_->content_length(answer.body.size());
    }
    if (has_body) response_->body() = std::move(answer.body);
    expire_after(server_.options.write_seconds);
    http::async_write(stream_, *response_,
                      [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                        if (error) return self->close();
                        if (self->is_refused_) return self->drain();
                        if (!self->response_->keep_alive()) return self->close();
                        self->response_.reset();
                        self->read();
                      });
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    leave_idle();
    ErrorCode ignored;  // it is closed one way or another
    auto& socket = beast::get_lowest_layer(stream_).socket();
    socket.shutdown(Tcp::socket::shutdown_both, ignored);
    beast::get_lowest_layer(stream_).close();
    if (place_ != server_.open.end()) server_.open.erase(std::exchange(place_, server_.open.end()));
    server_.connections = server_.open.size();
    server_.finish_when_quiet();
  }

  bool is_idle() const override { return idle_place_ != server_.idle.end(); }

 private:
  void expire_after(double seconds) {
    beast::get_lowest_layer(stream_).expires_after(duration_of(seconds));
  }

  void leave_idle() {
    if (is_idle()) server_.idle.erase(std::exchange(idle_place_, server_.idle.end()));
  }

  void read() {
    if (server_.stopping) return close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.options.most_header_bytes));
    parser_->body_limit(server_.options.most_body_bytes);
    idle_place_ = server_.idle.insert(server_.idle.end(), this->shared_from_this());
    expire_after(server_.options.idle_seconds);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                              self->has_header(error);
                            });
  }

  void has_header(ErrorCode error) {
    leave_idle();
    if (error) return refuse(status_of(error));
    expire_after(server_.options.request_seconds);
    if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return read_body();
    http::async_write(stream_, go_on_,
                      [self = this->shared_from_this()](ErrorCode failed, std::size_t) {
                        if (failed) return self->close();
                        self->read_body();
                      });
  }

  void read_body() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                       if (error) return self->refuse(status_of(error));
                       self->has_request();
                     });
  }

  // Closing with unread bytes would take the answer away from a client that still sends.
  void drain() {
    constexpr double kSeconds = 2;
    if (!is_draining_) expire_after(kSeconds);
    is_draining_ = true;
    ErrorCode ignored;  // the read says it too
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    lowest.async_read_some(asio::buffer(waste_),
                           [self = this->shared_from_this()](ErrorCode error, std::size_t) {
                             if (error) return self->close();
                             self->drain();
                           });
  }

  void refuse(int status) {
    if (status == 0) return close();
    keep_alive_ = false;
    is_refused_ = true;
    is_head_ = false;
    answer(server_.handler.refuse(status, words_for(status)));
  }

  void has_request() {
    auto message = parser_->release();
    version_ = message.version();
    keep_alive_ = message.keep_alive();
    is_head_ = message.method() == http::verb::head;
    auto request = std::make_shared<HttpRequest>();
    request->method = std::string(message.method_string());
    request->peer = peer_;
    request->received = SteadyClock::now();
    for (const auto& field : message) {
      std::string name(field.name_string());
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const auto [place, first] = request->headers.emplace(name, std::string(field.value()));
      // Which of two would count is what requests are smuggled by.
      if (!first && (name == "host" || name == "authorization")) return refuse(400);
    }
    std::string target(message.target());
    const auto mark = target.find('?');
    request->path = target.substr(0, mark);
    if (mark != std::string::npos && !decode_query(target.substr(mark + 1), request->query))
      return refuse(400);
    request->body = std::move(message.body());
    server_.handle(this->shared_from_this(), std::move(request));
  }

  HttpServer::State& server_;
  Stream stream_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  http::response<http::empty_body> go_on_{http::status::continue_, 11};
  unsigned version_ = 11;
  bool keep_alive_ = false, is_head_ = false, closed_ = false;
  bool is_refused_ = false, is_draining_ = false;
  std::array<char, 4096> waste_;
  std::list<ConnectionPointer>::iterator place_;
  std::list<std::weak_ptr<Connection>>::iterator idle_place_;
};

}  // namespace

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
  if (options.tls_certificate.empty())
    std::make_shared<ConnectionOf<beast::tcp_stream>>(*this, peer, std::move(socket))->start();
  else
    std::make_shared<ConnectionOf<beast::ssl_stream<beast::tcp_stream>>>(*this, peer,
                                                                         std::move(socket), tls)
        ->start();
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
      if (answer.park) {
        self->parked.push_back({connection, request});
        self->waiting = self->parked.size();
        if (self->stopping) self->handle_parked();
      } else {
        connection->answer(std::move(answer));
      }
      self->finish_when_quiet();
    });
  });
}

void HttpServer::State::handle_parked() {
  for (Parked& one : std::exchange(parked, {})) {
    one.request->was_parked = true;
    one.request->last_time = stopping;
    handle(one.connection, std::move(one.request));
  }
  waiting = 0;
}

// Somebody may change things without a word; and a wait has its end.
void HttpServer::State::tick() {
  timer.expires_after(duration_of(options.look_again_seconds));
  timer.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->stopping) return;
    self->handle_parked();
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
  return {state_->connections, state_->accepted, state_->evicted, state_->waiting};
}

}  // namespace frugal::serve
