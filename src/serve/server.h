// The coordinator's HTTP API over a scheduler: docs/http_api.md. Closed by default: listens on
// 127.0.0.1, every route but /healthz needs a token. Answers and refuses in JSON.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "experiment/scheduler.h"
#include "serve/http_server.h"
#include "serve/samples.h"

namespace frugal::serve {

class Depot;

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 0;                            // 0: any free one
  std::string token;                       // must not be empty; see make_token in tokens.h
  std::string tls_certificate, tls_key;    // PEM files; both or none
  std::vector<std::string> allowed_hosts;  // names that clients may call this machine by
  std::string access_log;                  // "": none; "-": standard error; else a file
  std::size_t max_body_bytes = 4 << 20;
  std::size_t max_connections = 10000;
  double max_wait_seconds = 30;         // of a long poll
  double heartbeat_seconds = 5;         // what workers are told; a small part of the lease
  double requests_per_second = 20000;   // of one token; 0: without a limit
  double wrong_tokens_per_minute = 60;  // from one address; 0: without a limit
  double run_seconds = 86400;           // a training run that is not heard of is given up; 0: never
  unsigned threads = 32;                // that handle requests
  Depot* depot = nullptr;               // what workers elsewhere are lent; nullptr: nothing
  DrawSamples draw_samples = nullptr;   // of the trials; nullptr: nobody does
  HttpOptions http;                     // the rest of its limits
};

class Server {
 public:
  // Listens from now on, and answers in threads of its own. The scheduler must outlive it.
  // Throws SystemError (the port is taken, ...), InputError for an empty token.
  Server(experiment::Scheduler& scheduler, ServerOptions options);
  ~Server();  // stop()

  int port() const;
  std::string address() const;  // "http://127.0.0.1:8265"

  // Gives up trials and runs that were abandoned, forgets old idempotency keys. To be called now
  // and then.
  void tend();

  // Answers the requests that it has, long polls at once, and closes every connection.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// For a process that serves for months: its threads, which hand memory to each other, share two
// heaps. glibc would give each its own, and all of them would fill up in time.
void share_heaps();

}  // namespace frugal::serve
