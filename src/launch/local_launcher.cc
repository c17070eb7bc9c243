#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "launch/launcher.h"

extern char** environ;

namespace frugal::launch {
namespace {

constexpr double kLongestPause = 30;
constexpr int kYoungDeaths = 3;
constexpr std::size_t kLinesOfLog = 10;
constexpr std::chrono::milliseconds kTick{10};

// What a worker's process is started with. Each is the leader of a process group, so that
// Ctrl-C reaches the coordinator alone, and so that what it started can be killed with it.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::filesystem::path& log) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  int spawn(std::vector<std::string> command) const {
    std::vector<char*> arguments;
    for (std::string& part : command) arguments.push_back(part.data());
    arguments.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environ);
    if (error != 0) throw SystemError(fmt::format("cannot start {}", command[0]), error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

struct Worker {
  WorkerStatus status;
  double started = 0;
  int young_deaths = 0;           // in a row
  double pause = 0;               // before the next start
  std::optional<double> restart;  // when, if it is to start again
};

class LocalLauncher final : public Launcher {
 public:
  LocalLauncher(LocalOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock) {
    FRUGAL_CHECK(!options_.command.empty());
    std::error_code error;
    std::filesystem::create_directories(options_.log_folder, error);
    if (error)
      throw SystemError(fmt::format("cannot make {}", options_.log_folder.string()), error.value());
  }

  ~LocalLauncher() override { stop(0); }

  void want(std::size_t n) override {
    while (workers_.size() < n) {
      Worker& worker = workers_.emplace_back();
      worker.status.name = fmt::format("{}{}", options_.name_prefix, workers_.size());
      worker.status.log = options_.log_folder / (worker.status.name + ".log");
      worker.pause = options_.first_pause_seconds;
      start(worker);
    }
  }

  void watch() override {
    for (Worker& worker : workers_) {
      if (reap(worker)) after_death(worker);
      if (worker.restart && clock_.now_seconds() >= *worker.restart) start(worker);
    }
  }

  void stop(double grace_seconds) override {
    for (Worker& worker : workers_) {
      worker.restart.reset();
      if (worker.status.running) ::kill(worker.status.pid, SIGTERM);
    }
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(grace_seconds);
    while (any_running() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kTick);
      for (Worker& worker : workers_) reap(worker);
    }
    for (Worker& worker : workers_) {
      if (!worker.status.running) continue;
      ::kill(-worker.status.pid, SIGKILL);
      while (!reap(worker)) std::this_thread::sleep_for(kTick);
    }
  }

  std::vector<WorkerStatus> status() const override {
    std::vector<WorkerStatus> all;
    for (const Worker& worker : workers_) all.push_back(worker.status);
    return all;
  }

 private:
  void start(Worker& worker) {
    std::vector<std::string> command = options_.command;
    for (std::string& part : command)
      if (const auto at = part.find("{name}"); at != std::string::npos)
        part.replace(at, std::strlen("{name}"), worker.status.name);
    worker.restart.reset();
    worker.started = clock_.now_seconds();
    worker.status.pid = SpawnSettings(worker.status.log).spawn(std::move(command));
    worker.status.running = true;
    worker.status.exit_code.reset();
    worker.status.signal.reset();
    worker.status.starts += 1;
  }

  // True when the process has ended since the last look.
  bool reap(Worker& worker) {
    if (!worker.status.running) return false;
    int state = 0;
    const pid_t got = ::waitpid(worker.status.pid, &state, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    if (got < 0) throw SystemError("cannot wait for a worker", errno);
    worker.status.running = false;
    if (WIFEXITED(state)) worker.status.exit_code = WEXITSTATUS(state);
    if (WIFSIGNALED(state)) worker.status.signal = WTERMSIG(state);
    ::kill(-worker.status.pid, SIGKILL);  // what it has left behind
    return true;
  }

  void after_death(Worker& worker) {
    options_.on_death(worker.status);
    if (worker.status.exit_code == 0) return;
    const bool young = clock_.now_seconds() - worker.started < options_.young_seconds;
    worker.young_deaths = young ? worker.young_deaths + 1 : 0;
    if (!young) worker.pause = options_.first_pause_seconds;
    if (worker.young_deaths == kYoungDeaths)
      throw SystemError(fmt::format(
          "the worker {} died {} times in a row within {:g} s; it {} and its log {} ends with\n{}",
          worker.status.name, kYoungDeaths, options_.young_seconds, describe_end(worker.status),
          worker.status.log.string(), last_lines(worker.status.log, kLinesOfLog)));
    worker.restart = clock_.now_seconds() + worker.pause;
    worker.pause = std::min(2 * worker.pause, kLongestPause);
  }

  bool any_running() const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const Worker& worker) { return worker.status.running; });
  }

  LocalOptions options_;
  const Clock& clock_;
  std::vector<Worker> workers_;
};

}  // namespace

std::unique_ptr<Launcher> make_local_launcher(LocalOptions options, const Clock& clock) {
  return std::make_unique<LocalLauncher>(std::move(options), clock);
}

std::string last_lines(const std::filesystem::path& path, std::size_t count) {
  constexpr off_t kTail = 4096;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const off_t size = ::lseek(file, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::min(size, kTail)), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), std::max<off_t>(0, size - kTail));
  ::close(file);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (text.ends_with('\n')) text.pop_back();
  std::size_t begin = text.size();
  for (std::size_t line = 0; line < count && begin != std::string::npos && begin > 0; ++line)
    begin = text.rfind('\n', begin - 1);
  return begin == std::string::npos || begin == 0 ? text : text.substr(begin + 1);
}

std::string describe_end(const WorkerStatus& status) {
  if (status.running) return "is running";
  if (status.signal)
    return fmt::format("was killed by signal {} ({})", *status.signal, ::strsignal(*status.signal));
  if (status.exit_code) return fmt::format("exited with {}", *status.exit_code);
  return "has not been started";
}

}  // namespace frugal::launch
