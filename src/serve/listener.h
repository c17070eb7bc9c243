// An httplib server whose connections are our own, so that a stop is prompt, and slow or idle
// clients are bounded in time.
#pragma once

#include <httplib.h>

namespace frugal::serve {

class Listener final : public httplib::Server {
 public:
  Listener();
  ~Listener() override;

  // httplib's queue of five that wait to be accepted, made longer.
  void lengthen_queue();

  // No connection waits for another request from now on; what was sent is answered. Then
  // httplib's stop() ends listen_after_bind().
  void close_idle();

 private:
  bool process_and_close_socket(socket_t socket) override;

  int stop_event_;
};

}  // namespace frugal::serve
