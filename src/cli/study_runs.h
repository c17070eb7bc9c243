// The runs of a study: one folder for each arm and seed, each the folder of a frugal tune or a
// frugal train of its own, which this program starts as a child process. So every run can be killed
// and goes on, has its log and its report, and nothing of one is left in another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/study_arms.h"

namespace frugal::cli {

// DIR of frugal compare.
class StudyFolder {
 public:
  explicit StudyFolder(const std::string& path) : path_(path) {}
  std::filesystem::path path() const { return path_; }
  std::filesystem::path study() const { return path_ / "study.json"; }
  std::filesystem::path lock() const { return path_ / "study.lock"; }
  std::filesystem::path data() const { return path_ / "data"; }  // a RunFolder: check and split
  std::filesystem::path result() const { return path_ / "result.json"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  std::filesystem::path run(const std::string& arm, std::uint64_t seed) const {
    return path_ / "runs" / folder_name(arm) / ("seed-" + std::to_string(seed));
  }
  bool is_study() const { return std::filesystem::exists(study()); }

 private:
  std::filesystem::path path_;
};

// Of a run's folder, besides what tune and train leave there.
std::filesystem::path cost_file(const std::filesystem::path& run);     // {"seconds"}: all attempts
std::filesystem::path failure_file(const std::filesystem::path& run);  // {"reason"}
std::filesystem::path log_file(const std::filesystem::path& run);

// How an arm spends its budget: tuned ones search by frugal tune, and untuned ones train their
// recipe once by frugal train, for as long as the budget of their tuned twins allows. The words go
// on after "it ...".
std::string spends(const DeclaredArm& arm);

// The words of that run, without the program's name.
std::vector<std::string> command_of(const DeclaredStudy& study, const ResolvedArm& arm,
                                    std::uint64_t seed, const std::filesystem::path& run,
                                    const MachineOptions& machine);

struct ChildEnd {
  int exit_code = 0;   // 128 + signal when it was killed
  std::string reason;  // the last error of its log
};

// Starts this program with those words, in a process group of its own, and waits for its end;
// its output is appended to the run's log, its time added to the run's cost. It dies with this
// process. on_tick is called several times a second with the run's seconds so far. When this
// process is asked to stop, the child is asked first and waited for. Throws SystemError, Stopped.
ChildEnd run_child(const std::vector<std::string>& words, const std::filesystem::path& run,
                   const std::function<void(double seconds)>& on_tick);

// What one process holds while it works on a study; children inherit it, so that it is free only
// when the last of them is gone. Throws InputError when another does not let go.
class StudyLock {
 public:
  explicit StudyLock(const StudyFolder& folder);
  ~StudyLock();
  StudyLock(const StudyLock&) = delete;
  StudyLock& operator=(const StudyLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace frugal::cli
