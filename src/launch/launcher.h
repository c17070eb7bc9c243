// Where workers run. A launcher starts processes that run `frugal worker`, watches them, starts
// the dead again, and stops them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace frugal::launch {

struct WorkerStatus {
  std::string name;
  int pid = 0;  // of the latest process
  bool running = false;
  std::optional<int> exit_code;  // of the latest process that ended by itself
  std::optional<int> signal;     // ... or by a signal
  int starts = 0;
  std::filesystem::path log;
};

// Not thread-safe.
class Launcher {
 public:
  virtual ~Launcher() = default;
  // From now on there are n more workers. Throws SystemError.
  virtual void start(std::size_t n) = 0;
  // To be called every second or so, never waits: notices the dead and starts them again, later
  // each time. A worker that ended with exit code 0 has finished and stays away. Throws
  // SystemError, with the last lines of its log, when one died young three times in a row.
  virtual void watch() = 0;
  // Asks for a clean end, waits up to grace_seconds, kills what is left. No process remains.
  virtual void stop(double grace_seconds) = 0;
  virtual std::vector<WorkerStatus> status() const = 0;
};

struct LocalOptions {
  std::vector<std::string> command;  // program and arguments; "{name}" becomes the worker's name
  std::filesystem::path log_folder;  // NAME.log, appended to; made when it is not there
  std::string name_prefix = "local-";
  double young_seconds = 10;         // a death before that age is a young one
  double first_pause_seconds = 0.5;  // before a new start; twice as long each time, up to 30 s
  std::function<void(const WorkerStatus&)> on_death = [](const WorkerStatus&) {};
};

// Processes of this machine, each leading a process group, standard input empty, output to its
// log. The thread that calls start and watch must live as long as the workers: they may have
// asked the kernel to die with it (worker::die_with_parent).
std::unique_ptr<Launcher> make_local_launcher(LocalOptions options, const Clock& clock);

// "exited with 3", "was killed by signal 9 (Killed)".
std::string describe_end(const WorkerStatus& status);

}  // namespace frugal::launch
