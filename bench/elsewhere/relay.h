// A line between a worker and its coordinator: what arrives at one end leaves the other after half
// a round trip, and no faster than the line carries.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace frugal::bench {

struct Line {
  double round_trip_seconds = 0;
  double bytes_per_second = 0;  // each way, of each connection; 0: no limit
};

// Forwards connections to that port of 127.0.0.1.
class Relay {
 public:
  Relay(int port, Line line);
  ~Relay();
  int port() const { return port_; }
  std::uint64_t bytes_up() const { return up_; }      // from clients
  std::uint64_t bytes_down() const { return down_; }  // to them

 private:
  void accept();
  void pump(int from, int to, std::atomic<std::uint64_t>& count) const;

  const int target_;
  const Line line_;
  int listening_ = -1, port_ = 0;
  std::atomic<std::uint64_t> up_ = 0, down_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> pumps_;
  std::thread acceptor_;
};

}  // namespace frugal::bench
