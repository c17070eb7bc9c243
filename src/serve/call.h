// A request on its way to a handler, and the answer on its way back. Handlers know no HTTP.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "experiment/scheduler.h"
#include "serve/importances.h"
#include "serve/server.h"

namespace frugal::serve {

// Wakes long polls.
class Bell {
 public:
  void ring();  // something changed
  void stop();  // from now on nobody waits
  bool stopped() const;
  // Until it rings or is stopped, at most so long.
  void wait(double seconds);

 private:
  mutable std::mutex mutex_;
  std::condition_variable rung_;
  std::uint64_t rings_ = 0;
  bool stopped_ = false;
};

struct Call {
  experiment::Scheduler& scheduler;
  const ServerOptions& options;
  Bell& bell;
  Importances& importances;
  std::vector<experiment::Id> ids;           // the numbers in the path, in order
  std::map<std::string, std::string> query;  // of GET and DELETE
  Json body = Json::object();                // of POST and PUT
};

struct Answer {
  int status = 200;
  Json body = Json::object();  // not sent with 204
};

// An answer that is a refusal; InputError means 400, NotFound 404, StaleLease 409.
class Refusal : public Error {
 public:
  Refusal(int status, const std::string& message) : Error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace frugal::serve
