#include "vision/train/meter.h"

#include <ctime>

namespace frugal::train {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

Meter::Meter()
    : wall_start_(seconds_of(CLOCK_MONOTONIC)), cpu_start_(seconds_of(CLOCK_PROCESS_CPUTIME_ID)) {}

double Meter::wall_seconds() const {
  return seconds_of(CLOCK_MONOTONIC) - wall_start_;
}
double Meter::cpu_seconds() const {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_;
}

}  // namespace frugal::train
