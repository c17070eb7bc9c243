// The least HTTP client that can load a server: one kept connection, blocking, no library.
#pragma once

#include <string>

namespace frugal::bench {

class Wire {
 public:
  explicit Wire(int port);  // of 127.0.0.1
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire();

  struct Reply {
    int status = 0;
    std::string body;
  };
  // Throws SystemError when the connection ends.
  Reply send(const char* method, const std::string& path, const std::string& body);

 private:
  int socket_ = -1;
  std::string buffer_;
};

// The text or digits behind "key": in flat JSON.
std::string field(const std::string& json, const std::string& key);

}  // namespace frugal::bench
