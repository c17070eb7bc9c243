#include "vision/train/batch_loader.h"

#include <span>
#include <utility>

#include "base/random.h"
#include "vision/augment/mix.h"

namespace frugal::train {
namespace {

constexpr std::size_t kBatchesAhead = 2;

// The view that the photograph at that position of the plan shows in an epoch.
void make_view(const BatchSource& source, std::size_t epoch, std::size_t position,
               std::span<std::uint8_t> pixels) {
  const std::size_t photograph = source.indices[position];
  augment::apply(source.policy, source.photographs->pixels(photograph),
                 source.photographs->canvas(), source.view,
                 augment::view_stream(source.seed, epoch, photograph), pixels);
}

// Mixes the view with another's, as the policy asks, and notes the other's label.
void mix_view(const BatchSource& source, std::size_t epoch, std::size_t position,
              std::span<std::uint8_t> pixels, Batch& batch) {
  const auto mix =
      augment::draw_mix(source.policy, source.view, source.indices.size(),
                        augment::view_stream(source.seed, epoch, source.indices[position]));
  batch.partner_labels.push_back(source.labels[mix ? mix->partner : position]);
  batch.partner_shares.push_back(mix ? static_cast<float>(mix->share) : 0.0f);
  if (!mix) return;
  std::vector<std::uint8_t> partner(pixels.size());
  make_view(source, epoch, mix->partner, partner);
  augment::mix(pixels, partner, source.view, *mix);
}

}  // namespace

Batch make_batch(const BatchSource& source, BatchPlan& plan, std::size_t step) {
  const std::size_t epoch = plan.epoch_of(step);
  const std::vector<std::size_t> positions = plan.positions(step);
  const std::size_t each = source.view.height * source.view.width * 3;
  Batch batch{step, std::vector<std::uint8_t>(positions.size() * each), {}, {}, {}};
  batch.labels.reserve(positions.size());
  const bool mixes = augment::mixes(source.policy);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto pixels = std::span(batch.pixels).subspan(i * each, each);
    make_view(source, epoch, positions[i], pixels);
    batch.labels.push_back(source.labels[positions[i]]);
    if (mixes) mix_view(source, epoch, positions[i], pixels, batch);
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
