#include "base/clock.h"

#include <chrono>

namespace frugal {

double SystemClock::now_seconds() const {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace frugal
