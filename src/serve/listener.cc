#include "serve/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"

namespace frugal::serve {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kIdle{15};     // between two requests
constexpr std::chrono::seconds kRequest{30};  // to send one
constexpr std::chrono::seconds kWrite{30};    // to take a part of the answer
constexpr std::size_t kMaxPath = 1024;

int milliseconds_until(SteadyClock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

// The events (of poll) that came before the deadline, 0 when it passed.
short wait_for(int descriptor, short events, SteadyClock::time_point deadline) {
  pollfd waited{descriptor, events, 0};
  int ready = 0;
  do ready = ::poll(&waited, 1, milliseconds_until(deadline));
  while (ready < 0 && errno == EINTR);
  return ready > 0 ? waited.revents : short{0};
}

void ip_and_port(const sockaddr_storage& address, std::string& ip, int& port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    port = ntohs(v6.sin6_port);
  }
  ip = text.data();
}

class Connection final : public httplib::Stream {
 public:
  Connection(int socket, int stop_event) : socket_(socket), stop_event_(stop_event) {}

  // False when there will be none: the client left or is idle, or the server stops.
  bool wait_for_request() {
    const auto idle_deadline = SteadyClock::now() + kIdle;
    if (begin_ == end_) {
      std::array<pollfd, 2> waited{{{socket_, POLLIN, 0}, {stop_event_, POLLIN, 0}}};
      int ready = 0;
      do ready = ::poll(waited.data(), waited.size(), milliseconds_until(idle_deadline));
      while (ready < 0 && errno == EINTR);
      if (ready <= 0 || waited[0].revents == 0) return false;
    }
    request_deadline_ = SteadyClock::now() + kRequest;
    return begin_ < end_ || fill() > 0;
  }

  bool is_readable() const override {
    return begin_ < end_ || wait_for(socket_, POLLIN, request_deadline_) != 0;
  }
  bool is_writable() const override {
    return (wait_for(socket_, POLLOUT, SteadyClock::now() + kWrite) & POLLOUT) != 0;
  }

  ssize_t read(char* data, std::size_t size) override {
    if (begin_ == end_) {
      const ssize_t got = fill();
      if (got <= 0) return got;
    }
    const std::size_t taken = std::min(size, end_ - begin_);
    std::memcpy(data, buffer_.data() + begin_, taken);
    begin_ += taken;
    return static_cast<ssize_t>(taken);
  }

  using Stream::write;
  ssize_t write(const char* data, std::size_t size) override {
    if (!is_writable()) return -1;
    ssize_t sent = 0;
    do sent = ::send(socket_, data, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
      ip_and_port(address, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
      ip_and_port(address, ip, port);
  }
  socket_t socket() const override { return socket_; }

 private:
  ssize_t fill() {
    if (wait_for(socket_, POLLIN, request_deadline_) == 0) return -1;
    ssize_t got = 0;
    do got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    while (got < 0 && errno == EINTR);
    begin_ = 0;
    end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return got;
  }

  int socket_;
  int stop_event_;
  SteadyClock::time_point request_deadline_;
  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

// The catch-all routes are regular expressions, whose matching goes as deep as the path is long.
void shorten_path(httplib::Request& request) {
  if (request.path.size() > kMaxPath) request.path.resize(kMaxPath);
}

}  // namespace

Listener::Listener() : stop_event_(::eventfd(0, EFD_CLOEXEC)) {
  if (stop_event_ < 0) throw SystemError("cannot make an event", errno);
}

Listener::~Listener() {
  ::close(stop_event_);
}

void Listener::lengthen_queue() {
  if (::listen(svr_sock_, SOMAXCONN) != 0) throw SystemError("cannot listen", errno);
}

void Listener::close_idle() {
  const std::uint64_t one = 1;
  FRUGAL_CHECK(::write(stop_event_, &one, sizeof one) == sizeof one);
}

bool Listener::process_and_close_socket(socket_t socket) {
  Connection connection(socket, stop_event_);
  bool closed = false;
  while (!closed && connection.wait_for_request())
    if (!process_request(connection, !is_running(), closed, shorten_path)) break;
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return true;
}

}  // namespace frugal::serve
