// A Slurm cluster of four pretend nodes on this machine, for the tests of one process: started when
// the first of them asks, gone with the process. Whoever includes this names the folder of scripts.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace frugal::launch {

class ThrowawaySlurm {
 public:
  static ThrowawaySlurm& get() {
    static ThrowawaySlurm cluster;
    return cluster;
  }
  ~ThrowawaySlurm() {
    if (::getpid() != owner_) return;
    script("throwaway-slurm-down", "");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Why there is none; "": it is up, and SLURM_CONF names it.
  const std::string& obstacle() const { return obstacle_; }

  void crash_controller() { FRUGAL_CHECK(script("throwaway-slurm-down", "--crash controller")); }
  void crash_node(const std::string& node) {
    FRUGAL_CHECK(script("throwaway-slurm-down", "--crash node:" + node));
  }
  void revive() { FRUGAL_CHECK(script("throwaway-slurm", "--revive")); }
  // As after a controller that lost its disk.
  void revive_without_memory() {
    std::filesystem::remove_all(folder_ / "state");
    std::filesystem::create_directory(folder_ / "state");
    revive();
  }

 private:
  ThrowawaySlurm() {
    std::string pattern = (std::filesystem::temp_directory_path() / "frugal_slurm.XXXXXX").string();
    FRUGAL_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    if (!script("throwaway-slurm", "--nodes 4 --cpus 4 --kill-wait 2 --wait 60"))
      obstacle_ = "no Slurm cluster can be started: " + read_file(log());
    ::setenv("SLURM_CONF", (folder_ / "slurm.conf").c_str(), 1);
  }

  std::filesystem::path log() const { return folder_.string() + ".log"; }
  bool script(const std::string& name, const std::string& arguments) const {
    const std::string command = std::string(FRUGAL_TESTING "/") + name + " --dir " +
                                folder_.string() + " " + arguments + " > " + log().string() +
                                " 2>&1 < /dev/null";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  std::filesystem::path folder_;
  const pid_t owner_ = ::getpid();
  std::string obstacle_;
};

}  // namespace frugal::launch
