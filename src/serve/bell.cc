#include <chrono>

#include "serve/call.h"

namespace frugal::serve {

void Bell::ring() {
  {
    const std::lock_guard lock(mutex_);
    ++rings_;
  }
  rung_.notify_all();
}

void Bell::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  rung_.notify_all();
}

bool Bell::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void Bell::wait(double seconds) {
  std::unique_lock lock(mutex_);
  const auto before = rings_;
  rung_.wait_for(lock, std::chrono::duration<double>(seconds),
                 [&] { return stopped_ || rings_ != before; });
}

}  // namespace frugal::serve
