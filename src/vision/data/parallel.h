// The same work on many items by a few threads, for as long as one call.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/progress.h"

namespace frugal::data {

// Calls work(i) once for each i in 0 .. n − 1, on the calling thread and threads − 1 others, in
// no certain order. The calling thread alone reports progress. The first exception, of work or of
// the sink, ends the others' work and is rethrown when all have come to rest.
template <typename Work>
void for_each_index(std::size_t n, unsigned threads, const std::string& stage,
                    ProgressSink& progress, const Work& work) {
  std::atomic<std::size_t> next{0}, done{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto run = [&](bool reports) {
    try {
      for (std::size_t i = next++; i < n; i = next++) {
        work(i);
        ++done;
        if (reports) progress.progress({stage, done, n});
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned t = 1; t < std::min<std::size_t>(threads, n); ++t)
      others.emplace_back(run, false);
    run(true);
  }
  if (failure) std::rethrow_exception(failure);
  progress.progress({stage, n, n});
}

}  // namespace frugal::data
