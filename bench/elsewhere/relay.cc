#include "elsewhere/relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <string>

#include "base/error.h"

namespace frugal::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::size_t kMostPieces = 256;  // on the line: 16 MiB

SteadyClock::duration seconds(double count) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(count));
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int tcp_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw SystemError("cannot make a socket", errno);
  return fd;
}

void set_no_delay(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

struct Piece {
  SteadyClock::time_point due;
  std::string bytes;
};

// What is on its way. A piece without bytes is the end.
class Queue {
 public:
  void push(Piece piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pieces_.size() < kMostPieces; });
    pieces_.push_back(std::move(piece));
    changed_.notify_all();
  }
  Piece pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !pieces_.empty(); });
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    changed_.notify_all();
    return piece;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
};

bool send_all(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t sent = ::send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += static_cast<std::size_t>(sent);
  }
  return true;
}

// Pieces leave when they are due; once the other end is gone they are thrown away.
void deliver(Queue& queue, int to) {
  for (bool is_open = true;;) {
    const Piece piece = queue.pop();
    if (piece.bytes.empty()) break;
    std::this_thread::sleep_until(piece.due);
    is_open = is_open && send_all(to, piece.bytes);
  }
  ::shutdown(to, SHUT_WR);
}

}  // namespace

Relay::Relay(int port, Line line) : target_(port), line_(line), listening_(tcp_socket()) {
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening_, 128) != 0 ||
      ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw SystemError("cannot listen", errno);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

Relay::~Relay() {
  ::shutdown(listening_, SHUT_RDWR);
  acceptor_.join();
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  for (std::thread& pump : pumps_) pump.join();
  for (const int fd : open_) ::close(fd);
  ::close(listening_);
}

void Relay::accept() {
  for (;;) {
    const int client = ::accept(listening_, nullptr, nullptr);
    if (client < 0) return;
    const int server = tcp_socket();
    const sockaddr_in address = loopback(target_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw SystemError("cannot connect", errno);
    set_no_delay(client);
    set_no_delay(server);
    open_.insert(open_.end(), {client, server});
    pumps_.emplace_back([this, client, server] { pump(client, server, up_); });
    pumps_.emplace_back([this, client, server] { pump(server, client, down_); });
  }
}

void Relay::pump(int from, int to, std::atomic<std::uint64_t>& count) const {
  Queue queue;
  std::thread sender([&] { deliver(queue, to); });
  const auto half = seconds(line_.round_trip_seconds / 2);
  SteadyClock::time_point free = SteadyClock::now();  // when the line has carried all before
  for (std::string bytes(kPieceBytes, '\0');; bytes.resize(kPieceBytes)) {
    const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    bytes.resize(static_cast<std::size_t>(got));
    count += static_cast<std::uint64_t>(got);
    free = std::max(free, SteadyClock::now());
    if (line_.bytes_per_second > 0)
      free += seconds(static_cast<double>(got) / line_.bytes_per_second);
    queue.push({free + half, bytes});
  }
  queue.push({});
  sender.join();
}

}  // namespace frugal::bench
