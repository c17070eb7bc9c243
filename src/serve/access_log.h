// One line of JSON for each request: when, who (address and the token's id, never the token), what
// (method, route, path without its query), status, milliseconds, bytes.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

namespace frugal::serve {

struct AccessLine {
  double time = 0;
  std::string peer, method, route, path;
  std::string token;  // its id; "": none was shown
  int status = 0;
  double milliseconds = 0;
  std::size_t bytes_in = 0, bytes_out = 0;
};

// Thread-safe. A line that cannot be written (a full disk) is lost; requests go on.
class AccessLog {
 public:
  // "": none; "-": standard error; else a file, appended to. Throws SystemError.
  explicit AccessLog(const std::string& path);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog();

  void write(const AccessLine& line);

 private:
  std::FILE* file_ = nullptr;
  std::mutex mutex_;
};

}  // namespace frugal::serve
