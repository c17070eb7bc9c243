// Augmented batches, made on a thread of their own while the network takes its step. What is in a
// batch depends on (seed, epoch, photograph) alone, never on timing.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "vision/augment/policy.h"
#include "vision/data/cache.h"
#include "vision/train/batch_plan.h"

namespace frugal::train {

struct Batch {
  std::size_t step = 0;
  std::vector<std::uint8_t> pixels;  // (n, height, width, 3)
  std::vector<std::int64_t> labels;  // (n)
  // The other label of a mixed view and its share, 0 where nothing is mixed; (n), or empty when
  // the policy mixes nothing.
  std::vector<std::int64_t> partner_labels;
  std::vector<float> partner_shares;
};

// What the loader reads; both outlive it.
struct BatchSource {
  const data::PhotographCache* photographs = nullptr;
  std::vector<std::size_t> indices;  // position in the plan -> photograph of the cache
  std::vector<std::int64_t> labels;  // position in the plan -> class
  augment::Policy policy;
  data::Size view;
  std::uint64_t seed = 0;
};

Batch make_batch(const BatchSource& source, BatchPlan& plan, std::size_t step);

class BatchLoader {
 public:
  BatchLoader(const BatchSource& source, const BatchPlan& plan, std::size_t first_step);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // The batches of first_step, first_step + 1, ... without end. Rethrows what went wrong.
  Batch next();

 private:
  void produce(BatchPlan plan, std::size_t step);

  const BatchSource& source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace frugal::train
