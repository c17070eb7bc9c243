// The coordinator's HTTP API over a scheduler: docs/http_api.md. Closed by default: listens on
// 127.0.0.1, every route but /healthz needs the token. Answers and refuses in JSON.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "experiment/scheduler.h"

namespace frugal::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;       // 0: any free one
  std::string token;  // must not be empty; see make_token
  std::size_t max_body_bytes = 4 << 20;
  double max_wait_seconds = 30;  // of a long poll
  double heartbeat_seconds = 5;  // what workers are told; a small part of the lease
  unsigned threads = 64;         // connections served at a time
};

// 256 random bits as hexadecimal digits.
std::string make_token();

class Server {
 public:
  // Listens from now on, and answers in threads of its own. The scheduler must outlive it.
  // Throws SystemError (the port is taken, ...), InputError for an empty token.
  Server(experiment::Scheduler& scheduler, ServerOptions options);
  ~Server();  // stop()

  int port() const;
  std::string address() const;  // "http://127.0.0.1:8265"

  // Answers the requests that it has, long polls at once, and closes every connection.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace frugal::serve
