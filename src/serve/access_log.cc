#include "serve/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace frugal::serve {

AccessLog::AccessLog(const std::string& path) {
  if (path.empty()) return;
  const int descriptor =
      path == "-" ? ::dup(STDERR_FILENO)
                  : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor >= 0) file_ = ::fdopen(descriptor, "a");
  if (file_ == nullptr)
    throw SystemError(fmt::format("cannot open the access log {}", path), errno);
}

AccessLog::~AccessLog() {
  if (file_ != nullptr) std::fclose(file_);
}

void AccessLog::write(const AccessLine& line) {
  if (file_ == nullptr) return;
  const Json json = {{"time", line.time},
                     {"peer", line.peer},
                     {"method", line.method.substr(0, 32)},
                     {"route", line.route},
                     {"path", line.path.substr(0, 256)},
                     {"token", line.token},
                     {"status", line.status},
                     {"milliseconds", line.milliseconds},
                     {"bytes_in", line.bytes_in},
                     {"bytes_out", line.bytes_out}};
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), file_);
  std::fflush(file_);
}

}  // namespace frugal::serve
