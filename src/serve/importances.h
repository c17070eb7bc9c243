// What an experiment's observations teach (optimizer/insight.h), as the server keeps it: computed
// once for every state of what it rests on, by whoever asks first; others that ask for the same
// wait for that. Thread-safe; no lock is held while it is computed (seconds).
#pragma once

#include <cstddef>
#include <future>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "base/json.h"
#include "experiment/scheduler.h"

namespace frugal::serve {

class Importances {
 public:
  // As optimizer/insight.h has it; {"lacking": ...} alone while there are too few observations.
  // curves: of how many parameters, which take longer. Throws what the computation throws.
  Json of(const experiment::Experiment& experiment, const experiment::Scheduler& scheduler,
          std::size_t curves);

 private:
  // Observations, how often they were rewritten, and when the experiment was changed.
  using State = std::tuple<std::size_t, std::uint64_t, double>;
  struct Entry {
    State state;
    std::shared_future<Json> insight;
  };
  std::mutex mutex_;
  std::map<std::pair<experiment::Id, std::size_t>, Entry> entries_;  // the latest of each
};

}  // namespace frugal::serve
