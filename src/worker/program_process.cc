#include "worker/program_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/error.h"

namespace frugal::worker {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
constexpr std::chrono::seconds kTick{1};

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A new file even where an old one is: a process that still writes to that is not heard here.
int open_new(const std::filesystem::path& path) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) throw SystemError(fmt::format("cannot make {}", path.string()), errno);
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

// What the child needs, made before the fork: after it a process with threads may only call what
// is safe in a signal handler.
struct Prepared {
  std::string program, folder;
  std::vector<char*> words, environment;
  int input, output, error, report;
  pid_t parent;
};

[[noreturn]] void become_the_program(const Prepared& p) {
  const auto give_up = [&] {
    const int reason = errno;
    [[maybe_unused]] const ssize_t written = ::write(p.report, &reason, sizeof reason);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
  if (::getppid() != p.parent) ::_exit(127);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(p.input, STDIN_FILENO) < 0 || ::dup2(p.output, STDOUT_FILENO) < 0 ||
      ::dup2(p.error, STDERR_FILENO) < 0 || ::chdir(p.folder.c_str()) != 0 ||
      ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    give_up();
  ::execve(p.program.c_str(), p.words.data(), p.environment.data());
  give_up();
  ::_exit(127);
}

pid_t start(const ProgramCall& call) {
  const std::filesystem::path program = find_program(call.words.at(0), call.folder);
  if (program.empty())
    throw InputError(fmt::format("there is no program {} that can be run", call.words[0]));
  const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output(open_new(call.standard_output)), error(open_new(call.standard_error));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe", errno);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const Prepared prepared{
      program,     call.folder,  pointers(call.words), pointers(call.environment),
      input.get(), output.get(), error.get(),          writing.get(),
      ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) throw SystemError("cannot start a process", errno);
  if (pid == 0) become_the_program(prepared);
  ::setpgid(pid, pid);  // whoever comes first
  writing.close();
  int reason = 0;
  ssize_t got = 0;
  do got = ::read(reading.get(), &reason, sizeof reason);
  while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof reason)) {
    ::waitpid(pid, nullptr, 0);
    throw InputError(fmt::format("{} cannot be started: {}", call.words[0],
                                 reason == ENOEXEC ? "it is neither a program for this machine "
                                                     "nor a script that begins with #!"
                                                   : std::strerror(reason)));
  }
  return pid;
}

// A started program. Its process stays a zombie, and so its group's number its own, until the
// group has been killed.
class Running {
 public:
  explicit Running(pid_t pid) : pid_(pid), waiter_([this] { wait(); }) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { finish(); }

  // Kills what is left of the group. What the program used; the second time: nothing.
  rusage finish() {
    rusage usage{};
    if (!waiter_.joinable()) return usage;
    ::kill(-pid_, SIGKILL);
    waiter_.join();
    ::wait4(pid_, nullptr, 0, &usage);
    return usage;
  }

  void send(int signal) const { ::kill(-pid_, signal); }

  // True when it has ended.
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return ended_; });
  }

  const siginfo_t& info() const { return info_; }

 private:
  void wait() {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    info_ = info;
    ended_ = true;
    changed_.notify_all();
  }

  pid_t pid_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  siginfo_t info_{};
  std::thread waiter_;
};

}  // namespace

ProgramEnd run_program(const ProgramCall& call, const ProgramLimits& limits) {
  const auto began = SteadyClock::now();
  Running running(start(call));
  ProgramEnd end;
  auto ticked = began, asked = began;
  bool killed = false;
  while (!running.wait_for(kLook)) {
    const bool late = limits.timeout_seconds && seconds_since(began) > *limits.timeout_seconds;
    if (end.cause == ProgramEnd::Cause::kItself && (late || limits.should_stop())) {
      end.cause = late ? ProgramEnd::Cause::kTimeout : ProgramEnd::Cause::kStopped;
      asked = SteadyClock::now();
      running.send(SIGTERM);
    } else if (end.cause != ProgramEnd::Cause::kItself && !killed &&
               seconds_since(asked) > limits.grace_seconds) {
      running.send(SIGKILL);
      killed = true;
    }
    if (SteadyClock::now() - ticked >= kTick) {
      ticked = SteadyClock::now();
      limits.on_tick();
    }
  }
  end.wall_seconds = seconds_since(began);
  if (running.info().si_code == CLD_EXITED)
    end.exit_code = running.info().si_status;
  else
    end.signal = running.info().si_status;
  end.peak_memory_bytes = 1024.0 * static_cast<double>(running.finish().ru_maxrss);
  return end;
}

std::filesystem::path find_program(const std::string& name, const std::filesystem::path& folder) {
  const auto is_program = [](const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.empty()) return {};
  if (name.find('/') != std::string::npos) {
    const auto path = (folder / name).lexically_normal();
    return is_program(path) ? path : std::filesystem::path();
  }
  const char* variable = std::getenv("PATH");
  std::string_view path = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
  for (;;) {
    const std::size_t colon = path.find(':');
    const auto candidate = folder / path.substr(0, colon) / name;
    if (is_program(candidate)) return candidate;
    if (colon == std::string_view::npos) return {};
    path.remove_prefix(colon + 1);
  }
}

std::string describe(const ProgramEnd& end, const ProgramLimits& limits) {
  if (end.cause == ProgramEnd::Cause::kTimeout)
    return fmt::format("ran into the timeout of {:g} s", limits.timeout_seconds.value_or(0));
  if (end.signal)
    return fmt::format("was killed by signal {} ({})", *end.signal, ::strsignal(*end.signal));
  return fmt::format("exited with {}", end.exit_code.value_or(0));
}

}  // namespace frugal::worker
