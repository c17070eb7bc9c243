#include "server/wire.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.h"

namespace frugal::bench {

Wire::Wire(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw SystemError("cannot connect", errno);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Wire::~Wire() {
  ::close(socket_);
}

Wire::Reply Wire::send(const char* method, const std::string& path, const std::string& body) {
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer bench\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      method, path, body.size(), body);
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    throw SystemError("cannot send", errno);
  const auto fill = [&] {
    char part[8192];
    const ssize_t got = ::recv(socket_, part, sizeof part, 0);
    if (got <= 0) throw SystemError("the server closed the connection", errno);
    buffer_.append(part, static_cast<std::size_t>(got));
  };
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill();
  Reply reply;
  reply.status = std::atoi(buffer_.c_str() + 9);
  const auto length = buffer_.find("Content-Length: ");
  const std::size_t size =
      length < end ? std::strtoul(buffer_.c_str() + length + 16, nullptr, 10) : 0;
  while (buffer_.size() < end + 4 + size) fill();
  reply.body = buffer_.substr(end + 4, size);
  buffer_.erase(0, end + 4 + size);
  return reply;
}

std::string field(const std::string& json, const std::string& key) {
  const std::string quoted = "\"" + key + "\":";
  const auto found = json.find(quoted);
  if (found == std::string::npos) return "";
  auto begin = found + quoted.size();
  if (json[begin] == '"') ++begin;
  return json.substr(begin, json.find_first_of(",\"}", begin) - begin);
}

}  // namespace frugal::bench
