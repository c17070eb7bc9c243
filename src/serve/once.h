// Idempotency keys: a POST that is sent again with its key is answered with what the first one
// made, and makes nothing. The key is written in the same transaction as what it made, and kept for
// a day. Thread-safe.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "serve/call.h"
#include "serve/http.h"

namespace frugal::serve {

class OnceKeys {
 public:
  explicit OnceKeys(experiment::Scheduler& scheduler) : scheduler_(scheduler) {}

  // Holds the key of a request while that is handled. Throws Refusal 409: it is being answered.
  class Hold {
   public:
    Hold(OnceKeys& keys, std::string name);
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();

   private:
    OnceKeys& keys_;
    std::string name_;
  };

  // "" without the header. Throws InputError for one that is too long.
  static Once read(const HttpRequest& request, const Access& access);
  // The ids of what the request made the first time, nullopt: there was none. Throws InputError
  // when the key came with another request.
  std::optional<std::vector<experiment::Id>> made_by(const Once& once) const;
  void forget_old();

 private:
  experiment::Scheduler& scheduler_;
  std::mutex mutex_;
  std::set<std::string> held_;
};

}  // namespace frugal::serve
