// For tests that run the program itself, as a user does: a folder for all tests of a suite, and
// ways to start it, to wait for its words, to see how it ended.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/json.h"

namespace frugal::cli {

struct Ran {
  int exit_code = -1;
  std::string out, err;
  Json last() const {
    const auto end = out.find_last_not_of('\n');
    const auto begin = out.find_last_of('\n', end);
    return parse_json(out.substr(begin == std::string::npos ? 0 : begin + 1), "the last line");
  }
};

class ProgramTest : public testing::Test {
 protected:
  static void make_folder(const std::string& name) {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("{}-{}", name, ::getpid());
    std::filesystem::create_directories(folder_);
  }

  static void TearDownTestSuite() {
    std::error_code ignored;  // who is just ending may still write
    std::filesystem::remove_all(folder_, ignored);
  }

  static std::string at() { return folder_.string(); }

  // arguments: as typed in a shell.
  static Ran run(const std::string& arguments) {
    const std::string out = at() + "/out", err = at() + "/err";
    const int status =
        std::system(fmt::format("{} {} > {} 2> {}", FRUGAL_PROGRAM, arguments, out, err).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), read_file(err)};
  }

  // Starts the program; its words go to a log.
  static pid_t start(const std::string& arguments, const std::string& log) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::execl("/bin/sh", "sh", "-c", fmt::format("exec {} {}", FRUGAL_PROGRAM, arguments).c_str(),
            nullptr);
    ::_exit(127);
  }

  // Until text stands in the log, or the program has ended.
  static void wait_for(const std::string& text, const std::string& log, pid_t child) {
    while (!std::filesystem::exists(log) || read_file(log).find(text) == std::string::npos) {
      siginfo_t ended{};
      if (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          ended.si_pid == child)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  static int wait_for_end(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  static inline std::filesystem::path folder_;
};

}  // namespace frugal::cli
