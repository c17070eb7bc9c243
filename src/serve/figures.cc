#include "serve/figures.h"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::serve {

void Figures::count(const std::string& route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  Times& times = times_[route];
  ++times.count;
  times.sum_seconds += seconds;
  const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  if (bound != kBounds.end()) ++times.within[static_cast<std::size_t>(bound - kBounds.begin())];
}

std::string Figures::text(const std::vector<Gauge>& gauges) const {
  std::string text;
  const auto head = [&](const char* name, const char* type, const char* help) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  };
  for (const Gauge& gauge : gauges) {
    head(gauge.name, gauge.is_counter ? "counter" : "gauge", gauge.help);
    text += fmt::format("{} {}\n", gauge.name, gauge.value);
  }
  const std::lock_guard lock(mutex_);
  head("frugal_requests_total", "counter", "Requests answered, by route and status.");
  for (const auto& [key, count] : requests_)
    text += fmt::format("frugal_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first,
                        key.second, count);
  head("frugal_request_seconds", "histogram", "From a request's last byte to its answer.");
  for (const auto& [route, times] : times_) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      below += times.within[i];
      text += fmt::format("frugal_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route,
                          kBounds[i], below);
    }
    text += fmt::format(
        "frugal_request_seconds_bucket{{route=\"{0}\",le=\"+Inf\"}} {1}\n"
        "frugal_request_seconds_sum{{route=\"{0}\"}} {2}\n"
        "frugal_request_seconds_count{{route=\"{0}\"}} {1}\n",
        route, times.count, times.sum_seconds);
  }
  return text;
}

}  // namespace frugal::serve
