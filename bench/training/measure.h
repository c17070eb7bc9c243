// What the benchmarks of this folder share: clocks, rates, medians, memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "vision/data/image.h"

namespace frugal::bench {

inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double cpu_seconds(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time{};
  clock_gettime(clock, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

struct Sample {
  double by_wall = 0, by_cpu = 0;  // units of work a second of the clock, and of one core
};

// work: so many units. Repeated for about `seconds`.
template <typename Work>
Sample rate_of(double units, double seconds, const Work& work) {
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

inline data::Size size_named(const std::string& text) {
  const std::size_t cross = text.find('x');
  if (cross == std::string::npos) throw InputError(text + ": a size is HEIGHTxWIDTH");
  return {std::stoul(text.substr(0, cross)), std::stoul(text.substr(cross + 1))};
}

// Megabytes of the process: in use now, and the most since forget_peak_memory().
inline double memory_megabytes(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == field) {
      status >> word;
      return std::stod(word) / 1024;
    }
  throw SystemError(std::string("/proc/self/status has no ") + field);
}

inline void forget_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace frugal::bench
