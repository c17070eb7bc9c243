#include "experiment/journal.h"

#include <chrono>
#include <utility>

#include "base/error.h"

namespace frugal::experiment {
namespace {

constexpr std::size_t kFailuresKept = 1000;  // who waits has long been told
constexpr std::chrono::milliseconds kReadAgain{500};

}  // namespace

Journal::Journal(Store& store, std::function<bool()> failed)
    : store_(store), failed_(std::move(failed)), thread_([this] { run(); }) {}

Journal::~Journal() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

Journal::Ticket Journal::write(Change change) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(change));
  wanted_.notify_one();
  return ++given_;
}

Journal::Ticket Journal::last() const {
  const std::lock_guard lock(mutex_);
  return given_;
}

Journal::Ticket Journal::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

void Journal::wait(Ticket ticket) {
  std::unique_lock lock(mutex_);
  while (finished_ < ticket) done(ticket <= taken_).wait(lock);
  const auto failure = failures_.lower_bound(ticket);
  if (failure != failures_.end() && failure->second.first <= ticket)
    throw SystemError(failure->second.reason);
}

void Journal::discard() {
  {
    const std::lock_guard lock(mutex_);
    if (given_ > finished_) failures_[given_] = {finished_ + 1, reason_};
    if (failures_.size() > kFailuresKept) failures_.erase(failures_.begin());
    finished_ = given_;
    queue_.clear();
  }
  for (auto& done : done_) done.notify_all();
}

std::condition_variable& Journal::done(bool on_its_way) {
  return done_[(batches_ + (on_its_way ? 0 : 1)) % 2];
}

Journal::Count Journal::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

// Answers why it failed, "" when it did not.
std::string Journal::apply(const std::deque<Change>& batch) {
  if (is_stale_) return reason_;
  try {
    store_.transact([&] {
      for (const Change& change : batch) change(store_);
    });
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

void Journal::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto is_wanted = [&] { return ending_ || !queue_.empty(); };
    if (!is_stale_) {
      wanted_.wait(lock, is_wanted);
    } else if (!wanted_.wait_for(lock, kReadAgain, is_wanted)) {
      lock.unlock();
      is_stale_ = !failed_();
      lock.lock();
      continue;
    }
    if (queue_.empty()) return;
    const std::deque<Change> batch = std::exchange(queue_, {});
    taken_ = given_;
    ++batches_;
    lock.unlock();
    const std::string trouble = apply(batch);
    if (!trouble.empty()) {
      lock.lock();
      reason_ = trouble;
      lock.unlock();
      is_stale_ = !failed_();
    }
    lock.lock();
    if (!trouble.empty()) continue;
    finished_ = taken_;
    ++count_.transactions;
    count_.changes += batch.size();
    done(true).notify_all();
  }
}

}  // namespace frugal::experiment
