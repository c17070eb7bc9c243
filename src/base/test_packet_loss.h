// For tests: a TCP socket of this process that loses packets, as on a bad network, without
// privileges. The kernel drops a share of what arrives, at random, and the sender's retransmissions
// deliver it later. Connections that a listening socket accepts inherit it.
#pragma once

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace frugal {

// False where the kernel has no such filters.
inline bool lose_packets(int socket, double share) {
  constexpr std::uint32_t kRandom = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);
  const auto least = static_cast<std::uint32_t>(share * 4294967296.0);
  std::array<sock_filter, 4> program = {{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, kRandom},
      {BPF_JMP | BPF_JGE | BPF_K, 0, 1, least},
      {BPF_RET | BPF_K, 0, 0, 0xFFFFFFFF},  // all of it arrives
      {BPF_RET | BPF_K, 0, 0, 0},           // nothing
  }};
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

// Of this process, on that port of 127.0.0.1; -1: there is none.
inline int listening_socket(int port) {
  for (int fd = 0; fd < 1024; ++fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
        ntohs(address.sin_port) == port)
      return fd;
  }
  return -1;
}

}  // namespace frugal
