#include "cli/signals.h"

#include <csignal>
#include <initializer_list>

#include "base/error.h"

namespace frugal::cli {
namespace {

volatile std::sig_atomic_t received = 0;

void remember(int signal) {
  received = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_stop_signals() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, remember);
  std::signal(SIGPIPE, SIG_IGN);
}

int stop_signal() {
  return received;
}

void throw_if_stopped() {
  if (stop_signal() != 0) throw Stopped("stopped; the same command goes on from here");
}

}  // namespace frugal::cli
