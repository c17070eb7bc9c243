// The importance of parameters, as the server keeps it: computed once for every number of
// observations, by whoever asks first; others that ask for the same wait for that. Thread-safe; no
// lock is held while it is computed (about a second; optimizer/insight.h).
#pragma once

#include <cstddef>
#include <future>
#include <map>
#include <mutex>
#include <vector>

#include "base/json.h"
#include "experiment/experiment.h"

namespace frugal::serve {

class Importances {
 public:
  // {parameter: total effect in [0, 1]}; {} while there are fewer than two values. Throws what the
  // computation throws.
  Json of(const experiment::Experiment& experiment,
          const std::vector<experiment::Observation>& observations);

 private:
  struct Entry {
    std::size_t observations = 0;
    std::shared_future<Json> importances;
  };
  std::mutex mutex_;
  std::map<experiment::Id, Entry> entries_;  // the latest of each experiment
};

}  // namespace frugal::serve
