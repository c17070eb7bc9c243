// HTTP/1.1 for many connections: one thread reads and writes them all, a pool handles complete
// requests. A connection that idles, or sends half a request, costs its memory and no thread.
// Over Boost.Beast; with a certificate and its key, over TLS (1.2 or later).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "serve/http.h"

namespace frugal::serve {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 0;                          // 0: any free one
  std::string tls_certificate, tls_key;  // PEM files; both or none
  std::size_t most_header_bytes = 16 << 10;
  std::size_t most_body_bytes = 4 << 20;
  // More than these: the one that has been idle longest is closed.
  std::size_t most_connections = 10000;
  double idle_seconds = 75;       // between two requests
  double request_seconds = 30;    // to send the rest of one
  double write_seconds = 30;      // to take an answer
  double stop_seconds = 10;       // for what is being answered when it stops
  unsigned threads = 32;          // that handle requests
  double look_again_seconds = 1;  // parked requests and streams are handled again after so long
};

class HttpServer {
 public:
  // Handles a request, or, where what came is none, makes the answer of that status and message.
  struct Handler {
    std::function<HttpAnswer(const HttpRequest&)> handle;  // in any thread of the pool
    std::function<HttpAnswer(int status, const std::string& message)> refuse;
  };

  // Listens from now on; whoever connects waits for start(). Throws SystemError (the port is taken,
  // ...), InputError (no certificate).
  HttpServer(HttpOptions options, Handler handler);
  ~HttpServer();  // stop()

  void start();  // answers from now on

  int port() const;
  void wake();  // parked requests are handled again
  // Takes no connection and no request from now on, answers what it has, and closes.
  void stop();

  struct Count {
    std::uint64_t connections = 0, accepted = 0, evicted = 0, parked = 0, streams = 0;
  };
  Count count() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace frugal::serve
