#include "launch/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/error.h"

extern char** environ;

namespace frugal::launch {
namespace {

constexpr std::chrono::milliseconds kTick{10};

// A file without a name, so that no reader has to keep up with what is written.
int memory_file(const std::string& content) {
  const int file = ::memfd_create("frugal", MFD_CLOEXEC);
  if (file < 0) throw SystemError("cannot make a file in memory", errno);
  if (::pwrite(file, content.data(), content.size(), 0) < 0)
    throw SystemError("cannot write to memory", errno);
  return file;
}

std::string content_of(int file) {
  std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace

std::string CommandResult::words() const {
  std::string text = errors.empty() ? output : errors;
  for (char& c : text)
    if (c == '\n') c = ' ';
  while (text.ends_with(' ')) text.pop_back();
  return text.empty() ? fmt::format("it exited with {}", exit_code) : text;
}

Command::Command(std::vector<std::string> words, const std::string& input) {
  const int in = memory_file(input);
  output_ = memory_file("");
  errors_ = memory_file("");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output_, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors_, STDERR_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is ours
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int error =
      ::posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  ::close(in);
  if (error == 0) return;
  ::close(output_);
  ::close(errors_);
  throw SystemError(fmt::format("cannot start {}", words[0]), error);
}

Command::~Command() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
  ::close(errors_);
}

std::optional<CommandResult> Command::poll() {
  FRUGAL_CHECK(pid_ > 0);
  int state = 0;
  const pid_t got = ::waitpid(pid_, &state, WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
  if (got < 0) throw SystemError("cannot wait for a program", errno);
  pid_ = 0;
  return CommandResult{WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state),
                       content_of(output_), content_of(errors_)};
}

CommandResult Command::wait(double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (bool killed = false;; std::this_thread::sleep_for(kTick)) {
    if (auto result = poll()) return *std::move(result);
    if (killed || std::chrono::steady_clock::now() < deadline) continue;
    ::kill(-pid_, SIGKILL);
    killed = true;
  }
}

bool is_on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace frugal::launch
