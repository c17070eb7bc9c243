// Where workers run. A launcher starts processes that run `frugal worker`, watches them, replaces
// the dead, and stops them.
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
  std::string node;     // "": this machine, or not known yet
  int pid = 0;          // of the latest process, on this machine
  std::string waiting;  // why it has not begun yet, in the scheduler's words; "": it has
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
  // From now on so many workers are of use. Of more than there are, the rest is started; of fewer,
  // those that have not begun are called off, and who is at work stays. Throws SystemError.
  virtual void want(std::size_t n) = 0;
  // To be called every second or so, never waits: notices the dead and starts others, later each
  // time. Throws SystemError, with the last lines of a log, when workers cannot live: three in a
  // row died young.
  virtual void watch() = 0;
  // Asks for a clean end, waits up to grace_seconds, ends what is left.
  virtual void stop(double grace_seconds) = 0;
  virtual std::vector<WorkerStatus> status() const = 0;
  // Nodes where workers kept failing, and which are left alone.
  virtual std::vector<std::string> nodes_left_alone() const { return {}; }
};

struct LocalOptions {
  std::vector<std::string> command;  // program and arguments; "{name}" becomes the worker's name
  std::filesystem::path log_folder;  // NAME.log, appended to; made when it is not there
  std::string name_prefix = "local-";
  double young_seconds = 10;         // a death before that age is a young one
  double first_pause_seconds = 0.5;  // before a new start; twice as long each time, up to 30 s
  std::function<void(const WorkerStatus&)> on_death = [](const WorkerStatus&) {};
};

// Processes of this machine, each leading a process group, standard input empty, output to its log.
// A worker that ended with exit code 0 has finished and stays away. The thread that calls want and
// watch must live as long as the workers: they may have asked the kernel to die with it
// (worker::die_with_parent).
std::unique_ptr<Launcher> make_local_launcher(LocalOptions options, const Clock& clock);

// The last lines of a file, for messages.
std::string last_lines(const std::filesystem::path& path, std::size_t count);

// "exited with 3", "was killed by signal 9 (Killed)".
std::string describe_end(const WorkerStatus& status);

}  // namespace frugal::launch
