#include <array>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <utility>

#include "serve/http_state.h"
#include "serve/percent.h"

namespace frugal::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ErrorCode = beast::error_code;
using SteadyClock = std::chrono::steady_clock;

// What Beast's parser refuses, as a status; 0: the client is gone.
int status_of(ErrorCode error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::end_of_stream) return 0;
  return error.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

const char* words_for(int status) {
  if (status == 413) return "the body is too large";
  if (status == 431) return "the header is too large";
  return "this is no HTTP request, or not the whole of one";
}
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
    const bool has_body = answer.status != 204 && answer.status != 304 && !is_head_;
    response_.emplace(static_cast<http::status>(answer.status), version_);
    response_->keep_alive(keep_alive_ && !server_.stopping);
    for (const auto& [name, value] : answer.headers) response_->set(name, value);
    if (answer.status != 204 && answer.status != 304) {
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

  void stream(HttpAnswer piece, std::function<void()> then) override {
    piece_ = std::move(piece.body);
    expire_after(server_.options.write_seconds);
    if (is_streaming()) return write_piece(std::move(then));
    stream_head_.emplace(static_cast<http::status>(piece.status), version_);
    for (const auto& [name, value] : piece.headers) stream_head_->set(name, value);
    stream_head_->set(http::field::content_type, piece.type);
    stream_head_->keep_alive(false);
    stream_head_->chunked(true);
    stream_serializer_.emplace(*stream_head_);
    ++server_.streaming;
    http::async_write_header(
        stream_, *stream_serializer_,
        [self = this->shared_from_this(), then = std::move(then)](ErrorCode error, std::size_t) {
          if (error) return self->close();
          self->write_piece(then);
        });
  }

  bool is_streaming() const override { return stream_head_.has_value(); }

  void close() override {
    if (closed_) return;
    closed_ = true;
    if (is_streaming()) --server_.streaming;
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

  void write_piece(std::function<void()> then) {
    if (piece_.empty()) return then();
    asio::async_write(
        stream_, http::make_chunk(asio::buffer(piece_)),
        [self = this->shared_from_this(), then = std::move(then)](ErrorCode error, std::size_t) {
          if (error) return self->close();
          then();
        });
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
  std::optional<http::response<http::empty_body>> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> stream_serializer_;
  std::string piece_;
  http::response<http::empty_body> go_on_{http::status::continue_, 11};
  unsigned version_ = 11;
  bool keep_alive_ = false, is_head_ = false, closed_ = false;
  bool is_refused_ = false, is_draining_ = false;
  std::array<char, 4096> waste_;
  std::list<ConnectionPointer>::iterator place_;
  std::list<std::weak_ptr<Connection>>::iterator idle_place_;
};

}  // namespace

ConnectionPointer make_connection(HttpServer::State& server, const std::string& peer,
                                  Tcp::socket socket) {
  if (server.options.tls_certificate.empty())
    return std::make_shared<ConnectionOf<beast::tcp_stream>>(server, peer, std::move(socket));
  return std::make_shared<ConnectionOf<beast::ssl_stream<beast::tcp_stream>>>(
      server, peer, std::move(socket), server.tls);
}

}  // namespace frugal::serve
