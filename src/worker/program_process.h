// One run of somebody's program: no shell, a process group of its own, standard input empty, its
// output in files; nothing of it is left when run_program returns.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace frugal::worker {

struct ProgramCall {
  std::vector<std::string> words;                         // the program and its arguments
  std::vector<std::string> environment;                   // "NAME=value", all of it
  std::filesystem::path folder;                           // in which it is started
  std::filesystem::path standard_output, standard_error;  // new files
};

struct ProgramLimits {
  std::optional<double> timeout_seconds;
  double grace_seconds = 10;  // between SIGTERM and SIGKILL
  std::function<bool()> should_stop = [] { return false; };
  std::function<void()> on_tick = [] {};  // about every second
};

struct ProgramEnd {
  enum class Cause { kItself, kTimeout, kStopped };
  Cause cause = Cause::kItself;
  std::optional<int> exit_code;  // when it exited
  std::optional<int> signal;     // when a signal ended it
  double wall_seconds = 0;
  double peak_memory_bytes = 0;  // of the program, or of the greatest process that it waited for
};

// Runs it to its end; at the timeout, or when it should stop, sends its group SIGTERM and, after
// the grace, SIGKILL. What its group has left behind when it ends is killed too, and the program
// itself when the calling thread dies.
// Throws InputError when the program cannot be started, SystemError when nothing could be.
ProgramEnd run_program(const ProgramCall& call, const ProgramLimits& limits);

// Where the shell would find the program, from folder; "" when it is nowhere or is no executable.
std::filesystem::path find_program(const std::string& name, const std::filesystem::path& folder);

// "exited with 3", "was killed by signal 11 (Segmentation fault)", "ran into the timeout of 60 s".
std::string describe(const ProgramEnd& end, const ProgramLimits& limits);

}  // namespace frugal::worker
