#include "launch/slurm_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "launch/command.h"
#include "launch/slurm_words.h"

namespace frugal::launch {
namespace {

constexpr double kLongestPause = 60;
constexpr double kTellAgainSeconds = 600;
constexpr double kStopCommandSeconds = 15;
constexpr int kFailuresOfANode = 3;        // young ones, in a row
constexpr std::size_t kHopelessNodes = 3;  // left alone, and no worker ever lived
constexpr int kMisses = 2;                 // squeue's answers without a worker: it is gone
constexpr std::size_t kLinesOfLog = 10;
constexpr std::chrono::milliseconds kStopTick{300};

struct Worker {
  WorkerStatus status;
  double submitted = 0;
  double began = 0;  // first seen at work; 0: not yet
  int misses = 0;    // in a row
  bool gone = false;
  bool called_off = false;
};

bool waits(const QueuedTask& task) {
  return task.state == "PENDING" || task.state == "CONFIGURING";
}

// By a signal that asks for the end, or by itself.
bool ended_well(int code) {
  return code == 0 || code == 128 + SIGTERM || code == 128 + SIGINT || code == 128 + SIGUSR1;
}

std::string first_line(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  return text.substr(0, text.find('\n'));
}

class SlurmLauncher final : public Launcher {
 public:
  SlurmLauncher(SlurmOptions options, std::vector<SlurmNode> nodes, const Clock& clock)
      : options_(std::move(options)),
        nodes_(std::move(nodes)),
        clock_(clock),
        prefix_(fmt::format("frugal-{}-", options_.run)),
        pause_(options_.first_pause_seconds) {
    FRUGAL_CHECK(!options_.command.empty() && options_.log_folder.is_absolute());
    std::error_code error;
    std::filesystem::create_directories(options_.log_folder, error);
    if (error)
      throw SystemError(fmt::format("cannot make {}", options_.log_folder.string()), error.value());
    remember_left_alone();
  }

  ~SlurmLauncher() override {
    if (stopped_) return;
    try {
      stop(0);
    } catch (const Error& error) {
      options_.on_message(error.what());
    }
  }

  void want(std::size_t n) override { wanted_ = n; }

  void watch() override {
    if (command_ == nullptr) {
      if (clock_.now_seconds() >= ask_at_) begin(Doing::kAsking, squeue_words());
      return;
    }
    auto result = command_->poll();
    if (!result) {
      if (clock_.now_seconds() < command_began_ + options_.command_seconds) return;
      result = command_->wait(0);
      result->errors = "it does not answer; try again";
    }
    command_.reset();
    ask_at_ = clock_.now_seconds() + options_.poll_seconds;
    switch (doing_) {
      case Doing::kAsking:
        return asked(*result);
      case Doing::kSubmitting:
        return submitted(*result);
      case Doing::kCancelling:
        return;  // what was not heard is asked again
    }
  }

  void stop(double grace_seconds) override {
    command_.reset();
    stopped_ = true;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(grace_seconds);
    std::vector<std::string> left = cancel({});
    while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kStopTick);
      left = ids_of_run();
    }
    if (!left.empty() && grace_seconds > 0) cancel({"--signal=KILL", "--full"});
    for (auto& [name, worker] : workers_)
      if (!worker.gone) leave(worker);
  }

  std::vector<WorkerStatus> status() const override {
    std::vector<WorkerStatus> all;
    for (const auto& [name, worker] : workers_) all.push_back(worker.status);
    return all;
  }

  std::vector<std::string> nodes_left_alone() const override { return left_alone_; }

 private:
  enum class Doing { kAsking, kSubmitting, kCancelling };

  void begin(Doing doing, const std::vector<std::string>& words, const std::string& input = "") {
    command_ = std::make_unique<Command>(words, input);
    command_began_ = clock_.now_seconds();
    doing_ = doing;
  }

  // Once for every spell of trouble.
  void in_trouble(const std::string& trouble) {
    if (trouble != trouble_) options_.on_message(fmt::format("Slurm: {}; trying again", trouble));
    trouble_ = trouble;
    ask_at_ = clock_.now_seconds() + std::min(pause_, options_.poll_seconds);
  }

  void asked(const CommandResult& result) {
    if (!result.ok()) return in_trouble(result.words());
    trouble_.clear();
    const auto tasks = tasks_of(result.output, prefix_);
    for (auto& [name, worker] : workers_) {
      if (worker.gone) continue;
      const auto found = tasks.find(name);
      if (found != tasks.end())
        heard_of(worker, found->second);
      else
        missed(worker);
    }
    tell_of_waiting();
    if (const auto ids = superfluous(tasks); !ids.empty()) {
      std::vector<std::string> words = {"scancel"};
      words.insert(words.end(), ids.begin(), ids.end());
      return begin(Doing::kCancelling, words);
    }
    submit();
  }

  void heard_of(Worker& worker, const QueuedTask& task) {
    worker.misses = 0;
    worker.status.node = task.node;
    worker.status.running = !waits(task);
    worker.status.waiting = waits(task) ? task.reason : "";
    if (!worker.status.running) return;
    const double now = clock_.now_seconds();
    if (worker.began == 0) worker.began = now;
    if (now - worker.began >= options_.young_seconds) lived(worker);
  }

  void lived(const Worker& worker) {
    failures_[worker.status.node] = 0;
    pause_ = options_.first_pause_seconds;
    any_lived_ = true;
  }

  // Its record tells at once; without one it may be between two of Slurm's tables.
  void missed(Worker& worker) {
    const auto record = record_of(worker, ".exit");
    if (!std::filesystem::exists(record) && ++worker.misses < kMisses) return;
    leave(worker);
    if (std::filesystem::exists(record)) {
      const int code = std::stoi("0" + first_line(record));
      if (code > 128)
        worker.status.signal = code - 128;
      else
        worker.status.exit_code = code;
      if (ended_well(code)) return lived(worker);
      return failed(worker);
    }
    if (worker.called_off) return;
    options_.on_message(fmt::format(
        "the worker {} is lost{}: Slurm does not know of it any more", worker.status.name,
        worker.status.node.empty() ? "" : fmt::format(" (node {})", worker.status.node)));
  }

  void leave(Worker& worker) {
    worker.gone = true;
    worker.status.running = false;
    worker.status.waiting.clear();
    if (const auto record = record_of(worker, ".node"); std::filesystem::exists(record))
      worker.status.node = first_line(record);
  }

  void failed(Worker& worker) {
    const double now = clock_.now_seconds();
    const bool young = worker.began == 0 || now - worker.began < options_.young_seconds;
    not_before_ = now + pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
    const std::string& node = worker.status.node;
    options_.on_message(fmt::format("the worker {} on the node {} {}; its log is {}",
                                    worker.status.name, node, describe_end(worker.status),
                                    worker.status.log.string()));
    if (!young) return;
    if (++failures_[node] != kFailuresOfANode) return;
    leave_alone(node);
    options_.on_message(fmt::format(
        "the node {} is left alone: {} workers in a row failed on it. The last log ends with\n{}",
        node, kFailuresOfANode, last_lines(worker.status.log, kLinesOfLog)));
    if (left_alone_.size() >= nodes_.size() ||
        (!any_lived_ && left_alone_.size() >= kHopelessNodes))
      throw SystemError(fmt::format(
          "no node is left: workers failed {} times in a row on {}; the log {} ends with\n{}",
          kFailuresOfANode, fmt::join(left_alone_, ", "), worker.status.log.string(),
          last_lines(worker.status.log, kLinesOfLog)));
  }

  std::filesystem::path left_alone_file() const { return options_.log_folder / "nodes-left-alone"; }

  // By a coordinator before us. When none would be left, somebody must have mended them.
  void remember_left_alone() {
    if (!std::filesystem::exists(left_alone_file())) return;
    std::istringstream lines(read_file(left_alone_file()));
    for (std::string node; std::getline(lines, node);)
      if (std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& n) { return n.name == node; }))
        left_alone_.push_back(node);
    if (left_alone_.size() >= nodes_.size()) left_alone_.clear();
    excluded_ = left_alone_.size();
    if (!left_alone_.empty())
      options_.on_message(
          fmt::format("left alone since workers failed there before: {}; remove {} "
                      "to have them tried again",
                      fmt::join(left_alone_, ", "), left_alone_file().string()));
  }

  void leave_alone(const std::string& node) {
    left_alone_.push_back(node);
    try {
      write_file(left_alone_file(), fmt::format("{}\n", fmt::join(left_alone_, "\n")));
    } catch (const SystemError& error) {  // it is known as long as we live
      options_.on_message(error.what());
    }
  }

  void tell_of_waiting() {
    const double now = clock_.now_seconds();
    std::map<std::string, std::size_t> reasons;
    for (const auto& [name, worker] : workers_)
      if (!worker.gone && !worker.status.running && !worker.status.waiting.empty() &&
          now - worker.submitted >= options_.patience_seconds)
        reasons[worker.status.waiting] += 1;
    std::string text;
    for (const auto& [reason, count] : reasons)
      text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", count, reason);
    if (text.empty() || (text == told_ && now - told_at_ < kTellAgainSeconds)) return;
    told_ = text;
    told_at_ = now;
    options_.on_message(
        fmt::format("workers wait in Slurm's queue, by its reasons: {}; squeue --me --start shows "
                    "when they may "
                    "begin",
                    text));
  }

  // Jobs of this run that are not ours (a coordinator before us), and of those that wait what is
  // not wanted any more, or may still go to a node that is left alone.
  std::vector<std::string> superfluous(const std::map<std::string, QueuedTask>& tasks) {
    std::vector<std::string> ids;
    std::size_t alive = 0;
    for (const auto& [name, task] : tasks) {
      const auto found = workers_.find(name);
      if (found == workers_.end()) {
        if (task.state != "COMPLETING") ids.push_back(task.id);
        continue;
      }
      alive += found->second.called_off ? 0 : 1;
    }
    const bool anew = left_alone_.size() != excluded_;
    for (auto& [name, worker] : workers_) {
      const auto task = tasks.find(name);
      if (worker.gone || worker.called_off || task == tasks.end() || !waits(task->second)) continue;
      if (alive <= wanted_ && !anew) continue;
      worker.called_off = true;
      ids.push_back(task->second.id);
      --alive;
    }
    excluded_ = left_alone_.size();
    return ids;
  }

  std::size_t alive() const {
    return static_cast<std::size_t>(std::count_if(
        workers_.begin(), workers_.end(),
        [](const auto& item) { return !item.second.gone && !item.second.called_off; }));
  }

  void submit() {
    if (alive() >= wanted_ || clock_.now_seconds() < not_before_) return;
    submission_ = fmt::format("{}{:04x}", prefix_, std::random_device()() & 0xFFFF);
    submitting_ = std::min<std::size_t>(wanted_ - alive(), options_.job.array);
    begin(Doing::kSubmitting, sbatch_words(options_, submission_, submitting_, left_alone_),
          job_script(options_));
  }

  void submitted(const CommandResult& result) {
    if (!result.ok()) {
      if (is_passing(result.words())) return in_trouble(result.words());
      throw InputError(fmt::format("Slurm refuses the workers: {}", result.words()));
    }
    for (std::size_t i = 0; i < submitting_; ++i) {
      Worker worker;
      worker.status.name = fmt::format("{}-{}", submission_, i);
      worker.status.log = options_.log_folder / (worker.status.name + ".log");
      worker.status.waiting = "submitted";
      worker.status.starts = 1;
      worker.submitted = clock_.now_seconds();
      workers_.emplace(worker.status.name, worker);
    }
  }

  std::filesystem::path record_of(const Worker& worker, const char* what) const {
    return options_.log_folder / (worker.status.name + what);
  }

  std::vector<std::string> ids_of_run() const {
    const CommandResult result = Command(squeue_words()).wait(kStopCommandSeconds);
    if (!result.ok())
      throw SystemError(fmt::format(
          "Slurm does not answer ({}); workers that still run end by themselves, for their "
          "coordinator is gone",
          result.words()));
    std::vector<std::string> ids;
    for (const auto& [name, task] : tasks_of(result.output, prefix_)) ids.push_back(task.id);
    return ids;
  }

  std::vector<std::string> cancel(const std::vector<std::string>& options) const {
    const auto ids = ids_of_run();
    if (ids.empty()) return ids;
    std::vector<std::string> words = {"scancel"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), ids.begin(), ids.end());
    Command(words).wait(kStopCommandSeconds);
    return ids;
  }

  const SlurmOptions options_;
  const std::vector<SlurmNode> nodes_;
  const Clock& clock_;
  const std::string prefix_;
  std::size_t wanted_ = 0;
  std::map<std::string, Worker> workers_;
  bool stopped_ = false;

  std::unique_ptr<Command> command_;  // one at a time
  Doing doing_ = Doing::kAsking;
  double command_began_ = 0, ask_at_ = 0;
  std::string submission_;  // the job that is being submitted
  std::size_t submitting_ = 0;

  std::map<std::string, int> failures_;  // by node
  std::vector<std::string> left_alone_;
  std::size_t excluded_ = 0;  // of those, from what waits
  bool any_lived_ = false;
  double pause_, not_before_ = 0;
  std::string trouble_, told_;
  double told_at_ = 0;
};

}  // namespace

std::unique_ptr<Launcher> make_slurm_launcher(SlurmOptions options, std::vector<SlurmNode> nodes,
                                              const Clock& clock) {
  return std::make_unique<SlurmLauncher>(std::move(options), std::move(nodes), clock);
}

}  // namespace frugal::launch
