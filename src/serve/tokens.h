// Who may ask, and for what. The main token may do everything; others are made with it, kept as
// hashes in the store, and may be limited to reading, to one experiment, and in time. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "experiment/scheduler.h"

namespace frugal::serve {

struct Access {
  experiment::Id token = 0;  // its record; 0: the main token
  bool may_write = true;
  experiment::Id experiment = 0;  // the only one that it may see; 0: all
  double expires = 0;             // 0: never
};

// 256 random bits as hexadecimal digits.
std::string make_token();

class Tokens {
 public:
  Tokens(experiment::Scheduler& scheduler, const std::string& main_token);

  // header: the value of Authorization, "" when there is none: HTTP Basic with the token as user,
  // or Bearer. Compares in constant time. Throws Refusal: 401 without a header, 400 for one that
  // cannot be read, 403 for a token that is unknown, revoked or expired.
  Access check(const std::string& header) const;

  // Of what check() gave some time ago: it has been neither revoked nor has it expired.
  bool is_good(const Access& access) const;

  struct Made {
    std::string token;  // told once, never kept
    experiment::Id id = 0;
  };
  Made make(const Access& access, const std::string& name, const experiment::Also& also = {});
  // By id; {name, access, created} without the token.
  std::vector<experiment::Record> list() const;
  void revoke(experiment::Id id);  // throws NotFound

 private:
  struct Known {
    std::string hash;
    Access access;
    bool revoked = false;
  };
  experiment::Scheduler& scheduler_;
  std::string main_hash_;
  mutable std::mutex mutex_;
  std::map<experiment::Id, Known> known_;
};

}  // namespace frugal::serve
