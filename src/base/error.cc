#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace frugal {

SystemError::SystemError(const std::string& what_failed, int errno_value)
    : Error(what_failed + ": " + std::strerror(errno_value)), errno_value_(errno_value) {}

SystemError::SystemError(const std::string& message) : Error(message) {}

namespace internal {

void check_failed(const char* condition, const char* file, int line, const std::string& message) {
  std::fprintf(stderr, "frugal: a defect of ours, please report it: %s:%d: %s%s%s\n", file, line,
               condition, message.empty() ? "" : ": ", message.c_str());
  std::abort();
}

}  // namespace internal
}  // namespace frugal
