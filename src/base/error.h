// The errors of Frugal. What the world does wrong (a file, a photograph, a user's YAML,
// a full disk) throws an Error whose message names the offender and the way out. What a
// programmer does wrong stops at FRUGAL_CHECK, in release builds too.
// Only cli and serve turn an Error into words on a screen and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace frugal {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What was asked cannot be done: exit code 2. The message says why and what to do.
class InputError : public Error {
 public:
  using Error::Error;
};

// The system refused: a file that cannot be written, a full disk, a socket. Exit code 2.
// The message ends with the system's own words.
class SystemError : public Error {
 public:
  SystemError(const std::string& what_failed, int errno_value);
  explicit SystemError(const std::string& message);
  int errno_value() const { return errno_value_; }

 private:
  int errno_value_ = 0;
};

// A computation met numbers that it cannot go on with (a loss that is not a number).
class NumericalError : public Error {
 public:
  using Error::Error;
};

// Stopped by the user or by a signal after everything was saved. Exit code 3, 130 or 143.
class Stopped : public Error {
 public:
  using Error::Error;
};

namespace internal {
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const std::string& message);
}  // namespace internal

}  // namespace frugal

#define FRUGAL_CHECK(condition, ...)                                                              \
  do {                                                                                            \
    if (!(condition)) [[unlikely]]                                                                \
      ::frugal::internal::check_failed(#condition, __FILE__, __LINE__, std::string{__VA_ARGS__}); \
  } while (false)
