// How often somebody may ask: a bucket of tokens for each name, filled at a steady rate.
// Thread-safe. Memory is bounded: the fullest buckets are forgotten first, which changes nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace frugal::serve {

class RateLimit {
 public:
  // per_second 0: without a limit. burst: the most at once.
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // Takes one. False when there is none.
  bool take(const std::string& name, double now_seconds);
  bool is_spent(const std::string& name, double now_seconds);

 private:
  struct Bucket {
    double level = 0, at_seconds = 0;
  };
  Bucket& filled(const std::string& name, double now_seconds);
  void forget_full(double now_seconds);

  double per_second_, burst_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace frugal::serve
