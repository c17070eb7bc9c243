// What the two halves of the HTTP server share: the server, which accepts, hands requests to the
// pool and stops (http_server.cc), and a connection, which reads and writes (http_connection.cc).
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "serve/http_server.h"

namespace frugal::serve {

using Tcp = boost::asio::ip::tcp;

inline std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  virtual void answer(HttpAnswer answer) = 0;
  // A piece of an answer that goes on; then: called when it is on its way.
  virtual void stream(HttpAnswer piece, std::function<void()> then) = 0;
  virtual bool is_streaming() const = 0;
  virtual void close() = 0;
  virtual bool is_idle() const = 0;
};
using ConnectionPointer = std::shared_ptr<Connection>;

// Everything but `handle` happens in the thread of `io`.
struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(HttpOptions the_options, Handler the_handler)
      : options(std::move(the_options)),
        handler(std::move(the_handler)),
        most_connections(connections_possible(options.most_connections)) {}
  static std::size_t connections_possible(std::size_t wanted);

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
  void take(const ConnectionPointer& connection, const std::shared_ptr<HttpRequest>& request,
            HttpAnswer answer);
  void handle_parked();
  void handle_streams();
  void tick();
  void begin_stop();
  void finish_when_quiet();

  HttpOptions options;
  Handler handler;
  std::size_t most_connections;
  boost::asio::io_context io{1};
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_server};
  std::optional<boost::asio::thread_pool> pool;
  Tcp::acceptor acceptor{io};
  boost::asio::steady_timer timer{io};
  std::list<std::weak_ptr<Connection>> idle;  // longest first
  std::list<ConnectionPointer> open;
  std::vector<Parked> parked, streams;
  std::size_t handling = 0;
  bool stopping = false;
  int port = 0;
  std::thread thread;
  std::atomic<std::uint64_t> accepted = 0, evicted = 0, connections = 0, waiting = 0, streaming = 0;
};

// Over TLS where the server has a certificate. peer: its address.
ConnectionPointer make_connection(HttpServer::State& server, const std::string& peer,
                                  Tcp::socket socket);

}  // namespace frugal::serve
