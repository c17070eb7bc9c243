#include "cli/study_runs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/prices.h"
#include "cli/recipe_option.h"
#include "cli/signals.h"
#include "experiment/budget.h"

namespace frugal::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
constexpr double kSaveEverySeconds = 2;
constexpr double kLockSeconds = 10;  // a child that was killed with its parent is gone by then

void add_option(std::vector<std::string>& words, const std::string& name,
                const std::string& value) {
  if (value.empty()) return;
  words.push_back("--" + name);
  words.push_back(value);
}

void add_number(std::vector<std::string>& words, const std::string& name, double value) {
  if (value > 0) add_option(words, name, fmt::format("{}", value));
}

std::string augmentation(const DeclaredArm& arm) {
  if (arm.strategy == train::Strategy::kFeatures) return "";
  return arm.augment.empty() ? TuneOptions().augment : arm.augment;
}

// Whether the last run may learn from the validation photographs: as frugal tune's.
bool learns_from_validation(const DeclaredArm& arm) {
  return arm.strategy == train::Strategy::kFeatures ||
         recipe_named(arm.recipe, arm.strategy).schedule != train::Schedule::kPlateau;
}

void add_tuning(std::vector<std::string>& words, const DeclaredStudy& study, const DeclaredArm& arm,
                const MachineOptions& machine) {
  add_option(words, "budget", study.budget);
  add_option(words, "suggester", arm.suggester);
  add_option(words, "task-by", study.task_by);
  // A head's epochs are moments: where time is what bounds it, it takes its own number.
  if (arm.strategy == train::Strategy::kFineTune || experiment::parse_budget(study.budget).runs)
    add_number(words, "epochs", study.epochs);
  add_number(words, "workers", machine.workers);
  add_number(words, "threads", machine.threads);
  add_number(words, "price-per-hour", price_of(study.price).per_hour);
  add_option(words, "seeds", "1");  // the study's own seeds are what is repeated
}

// The tuned twin's budget in one run: of time, or of full runs end to end.
void add_one_run(std::vector<std::string>& words, const DeclaredStudy& study,
                 const DeclaredArm& arm, const MachineOptions& machine) {
  add_number(words, "threads", machine.workers * machine.threads);  // as many cores as a search
  const auto budget = experiment::parse_budget(study.budget);
  const auto seconds = experiment::seconds_allowed(budget, price_of(study.price).per_hour);
  if (seconds)
    add_option(words, "budget", fmt::format("{}s", *seconds));
  else
    add_number(words, "epochs", study.epochs * budget.runs.value_or(1));
  if (learns_from_validation(arm)) words.emplace_back("--with-validation");
}

std::string last_error(const std::filesystem::path& log) {
  const std::string text = read_file(log);
  const std::string_view mark = "frugal: ";
  const auto at = text.rfind(mark);
  if (at == std::string::npos || (at > 0 && text[at - 1] != '\n')) return "";
  return text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
}

double spent_before(const std::filesystem::path& run) {
  const auto file = cost_file(run);
  if (!std::filesystem::exists(file)) return 0;
  return parse_json(read_file(file), file.string()).at("seconds").get<double>();
}

void save_cost(const std::filesystem::path& run, double seconds) {
  write_file(cost_file(run), Json{{"seconds", seconds}}.dump() + "\n");
}

[[noreturn]] void become(std::vector<std::string> words, const std::filesystem::path& log,
                         pid_t parent) {
  ::setpgid(0, 0);  // Ctrl-C reaches the parent alone, which asks for a clean stop
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (file < 0 || nothing < 0) ::_exit(1);
  ::dup2(nothing, 0);
  ::dup2(file, 1);
  ::dup2(file, 2);
  std::string program = "frugal";
  std::vector<char*> arguments = {program.data()};
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(1);
}

}  // namespace

std::filesystem::path cost_file(const std::filesystem::path& run) {
  return run / "cost.json";
}
std::filesystem::path failure_file(const std::filesystem::path& run) {
  return run / "failure.json";
}
std::filesystem::path log_file(const std::filesystem::path& run) {
  return run / "log.txt";
}

std::string spends(const DeclaredArm& arm) {
  if (arm.tuned) return "searches, and trains what it found, until the budget is spent";
  if (arm.strategy == train::Strategy::kFeatures)
    return "trains its recipe once, which takes moments on frozen features; more time would buy "
           "nothing";
  return "trains its recipe once, for as long and as large as the budget allows";
}

std::vector<std::string> command_of(const DeclaredStudy& study, const ResolvedArm& arm,
                                    std::uint64_t seed, const std::filesystem::path& run,
                                    const MachineOptions& machine) {
  const DeclaredArm& declared = arm.declared;
  std::vector<std::string> words = {declared.tuned ? "tune" : "train"};
  add_option(words, "data", study.data.data);
  add_option(words, "reader", study.data.reader);
  add_option(words, "weights", arm.weights);
  add_option(words, "strategy", to_string(declared.strategy));
  add_option(words, "recipe", declared.recipe);
  add_option(words, "augment", augmentation(declared));
  add_number(words, "resolution", declared.resolution > 0 ? declared.resolution : study.resolution);
  add_option(words, "seed", std::to_string(seed));
  add_option(words, "output", run.string());
  if (declared.tuned)
    add_tuning(words, study, declared, machine);
  else
    add_one_run(words, study, declared, machine);
  return words;
}

ChildEnd run_child(const std::vector<std::string>& words, const std::filesystem::path& run,
                   const std::function<void(double seconds)>& on_tick) {
  const SystemClock clock;
  const double before = spent_before(run), began = clock.now_seconds();
  const pid_t parent = ::getpid();
  const std::filesystem::path log = log_file(run);
  const pid_t child = ::fork();
  if (child < 0) throw SystemError("cannot start a process", errno);
  if (child == 0) become(words, log, parent);
  double saved = began;
  bool asked = false;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno != EINTR) throw SystemError("cannot wait for a process", errno);
    if (ended == child) break;
    if (stop_signal() != 0 && !asked) {
      asked = true;
      ::kill(child, SIGTERM);
    }
    const double now = clock.now_seconds();
    if (now - saved >= kSaveEverySeconds) {
      saved = now;
      save_cost(run, before + now - began);
    }
    on_tick(before + now - began);
    std::this_thread::sleep_for(kTick);
  }
  save_cost(run, before + clock.now_seconds() - began);
  throw_if_stopped();
  if (WIFSIGNALED(status))
    return {128 + WTERMSIG(status), fmt::format("it was killed by signal {} ({})", WTERMSIG(status),
                                                ::strsignal(WTERMSIG(status)))};
  std::string reason = WEXITSTATUS(status) == 0 ? "" : last_error(log);
  if (WEXITSTATUS(status) != 0 && reason.empty())
    reason = fmt::format("it ended with {}; see {}", WEXITSTATUS(status), log.string());
  return {WEXITSTATUS(status), reason};
}

StudyLock::StudyLock(const StudyFolder& folder)
    : file_(::open(folder.lock().c_str(), O_RDWR | O_CREAT, 0644)) {
  if (file_ < 0) throw SystemError("cannot open " + folder.lock().string(), errno);
  const SystemClock clock;
  const double began = clock.now_seconds();
  while (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    throw_if_stopped();
    if (clock.now_seconds() - began > kLockSeconds) {
      ::close(file_);
      throw InputError(
          fmt::format("another frugal compare works in {}; wait for it, or give "
                      "another --output",
                      folder.path().string()));
    }
    std::this_thread::sleep_for(kTick);
  }
}

StudyLock::~StudyLock() {
  ::close(file_);
}

}  // namespace frugal::cli
