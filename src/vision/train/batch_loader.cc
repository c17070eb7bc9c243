#include "vision/train/batch_loader.h"

#include <span>
#include <utility>

#include "base/random.h"

namespace frugal::train {

constexpr std::size_t kBatchesAhead = 2;

Batch make_batch(const BatchSource& source, BatchPlan& plan, std::size_t step) {
  const RandomStream draws =
      RandomStream(source.seed).derive("augment").derive(plan.epoch_of(step));
  const std::vector<std::size_t> positions = plan.positions(step);
  const std::size_t each = source.view.height * source.view.width * 3;
  Batch batch{step, std::vector<std::uint8_t>(positions.size() * each), {}};
  batch.labels.reserve(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::size_t photograph = source.indices[positions[i]];
    augment::apply(source.policy, source.photographs->pixels(photograph),
                   source.photographs->canvas(), source.view, draws.derive(photograph),
                   std::span(batch.pixels).subspan(i * each, each));
    batch.labels.push_back(source.labels[positions[i]]);
  }
  return batch;
}

BatchLoader::BatchLoader(const BatchSource& source, const BatchPlan& plan, std::size_t first_step)
    : source_(source), thread_([this, plan, first_step] { produce(plan, first_step); }) {}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Batch BatchLoader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
  if (ready_.empty()) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

void BatchLoader::produce(BatchPlan plan, std::size_t step) try {
  for (;; ++step) {
    Batch batch = make_batch(source_, plan, step);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ready_.size() < kBatchesAhead || stop_; });
    if (stop_) return;
    ready_.push_back(std::move(batch));
    lock.unlock();
    changed_.notify_all();
  }
} catch (...) {  // handed to the thread that waits for the batch
  const std::lock_guard lock(mutex_);
  failure_ = std::current_exception();
  changed_.notify_all();
}

}  // namespace frugal::train
