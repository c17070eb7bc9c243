// Another program, run beside us for what it prints: squeue, sbatch, scancel.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace frugal::launch {

struct CommandResult {
  int exit_code = 0;   // 128 + the signal, when it was killed
  std::string output;  // standard output
  std::string errors;  // standard error
  bool ok() const { return exit_code == 0; }
  std::string words() const;  // what it said of its trouble, in one line
};

class Command {
 public:
  // Starts it; the first word is looked for on the path. input: what it reads. Throws SystemError:
  // it cannot be started.
  explicit Command(std::vector<std::string> words, const std::string& input = "");
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command();  // kills it

  std::optional<CommandResult> poll();  // nullopt: it runs
  CommandResult wait(double seconds);   // killed after that time

 private:
  int pid_ = 0;
  int output_ = -1, errors_ = -1;
};

// Whether the path has such a program.
bool is_on_path(const std::string& program);

}  // namespace frugal::launch
