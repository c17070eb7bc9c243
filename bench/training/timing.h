// How often work is done in a second of the clock, and of one core.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <vector>

namespace frugal::bench {

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

struct Sample {
  double by_wall = 0, by_cpu = 0;  // units of work a second of the clock, and of one core
};

// work: so many units. Repeated for about `seconds`.
inline Sample rate_of(double units, double seconds, const std::function<void()>& work) {
  const double wall = wall_seconds(), cpu = cpu_seconds();
  double done = 0;
  do {
    work();
    done += units;
  } while (wall_seconds() - wall < seconds);
  return {done / (wall_seconds() - wall), done / (cpu_seconds() - cpu)};
}

struct Series {
  std::vector<double> by_wall, by_cpu;
  void add(const Sample& sample) {
    by_wall.push_back(sample.by_wall);
    by_cpu.push_back(sample.by_cpu);
  }
};

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}
inline double lowest(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}
inline double highest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

}  // namespace frugal::bench
