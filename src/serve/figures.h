// What Prometheus reads: requests by route and status, how long they took, and gauges that the
// server adds. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace frugal::serve {

class Figures {
 public:
  // route: "GET /v1/experiments/{}", or "" for what is none.
  void count(const std::string& route, int status, double seconds);

  struct Gauge {
    const char* name;
    const char* help;
    double value = 0;
    bool is_counter = false;
  };
  // The text exposition format, version 0.0.4.
  std::string text(const std::vector<Gauge>& gauges) const;

 private:
  static constexpr std::array<double, 12> kBounds = {.0005, .001, .0025, .005, .01, .025,
                                                     .05,   .1,   .25,   1,    5,   30};
  struct Times {
    std::array<std::uint64_t, kBounds.size()> within{};  // not cumulative
    std::uint64_t count = 0;
    double sum_seconds = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::map<std::string, Times> times_;
};

}  // namespace frugal::serve
