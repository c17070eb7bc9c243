#include "worker/worker.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "experiment/scheduler.h"

namespace frugal::worker {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// Of this process and of the children that it has waited for.
double cpu_seconds() {
  double seconds = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    seconds += seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  }
  return seconds;
}

// One attempt at a trial: the context that its executor sees, and the heartbeat beside it.
class Attempt final : public Context {
 public:
  Attempt(Client& client, const Lease& lease, const WorkerOptions& options)
      : client_(client), lease_(lease), options_(options), heart_([this] { beat(); }) {}

  ~Attempt() override { finish(); }

  // No heartbeat from now on.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    changed_.notify_all();
    if (heart_.joinable()) heart_.join();
  }

  bool should_stop() override { return stop_ || options_.should_stop(); }

  void report_progress(Json progress) override {
    const std::lock_guard lock(mutex_);
    progress_ = std::move(progress);
  }

  void observe_intermediate(const std::string& task, double value,
                            std::optional<double> value_stddev) override {
    if (lost_) return;
    try {
      client_.observe_intermediate(lease_, task, value, value_stddev, cost());
    } catch (const experiment::StaleLease&) {
      lose();
    }
  }

  bool lost() const { return lost_; }

  experiment::Cost cost() const {
    return {std::chrono::duration<double>(SteadyClock::now() - began_).count(),
            cpu_seconds() - cpu_seconds_before_};
  }

 private:
  void lose() { lost_ = stop_ = true; }

  void beat() {
    const std::chrono::duration<double> interval(lease_.heartbeat_seconds);
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, interval, [this] { return finished_; }) && !lost_) {
      const Json progress = progress_;
      lock.unlock();
      try {
        if (client_.heartbeat(lease_, progress, cost()) == Order::kStop) stop_ = true;
      } catch (const experiment::StaleLease&) {
        lose();
      } catch (const experiment::NotFound&) {
        lose();
      } catch (const Error& error) {
        // The coordinator stays away: the report at the end will say so too.
        options_.log(error.what());
        stop_ = true;
      }
      lock.lock();
    }
  }

  Client& client_;
  const Lease& lease_;
  const WorkerOptions& options_;
  const SteadyClock::time_point began_ = SteadyClock::now();
  const double cpu_seconds_before_ = cpu_seconds();
  std::atomic<bool> stop_ = false, lost_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  Json progress_ = Json::object();
  std::thread heart_;
};

class Loop {
 public:
  Loop(Client& client, Executor& executor, const WorkerOptions& options)
      : client_(client), executor_(executor), options_(options) {}

  WorkerSummary run() {
    for (;;) {
      if (options_.should_stop()) return end(WorkerSummary::Ending::kStopped);
      const LeaseAnswer answer =
          client_.lease(options_.experiment, options_.name, options_.wait_seconds);
      if (answer.over) return end(WorkerSummary::Ending::kOver);
      if (answer.lease) work(*answer.lease);
    }
  }

 private:
  WorkerSummary end(WorkerSummary::Ending ending) {
    summary_.ending = ending;
    return summary_;
  }

  void work(const Lease& lease) {
    Attempt attempt(client_, lease, options_);
    Outcome outcome;
    try {
      outcome = executor_.run(lease, attempt);
      if (outcome.kind == Outcome::Kind::kObserved && !std::isfinite(outcome.value))
        outcome = Outcome::failed("its value is not a finite number");
    } catch (const SystemError&) {
      attempt.finish();
      if (!attempt.lost()) report(lease, Outcome::stopped(""), attempt.cost());
      throw;
    } catch (const Stopped&) {
      outcome = Outcome::stopped("");
    } catch (const std::exception& error) {
      outcome = Outcome::failed(error.what());
    }
    attempt.finish();
    if (attempt.lost())
      lost(lease);
    else
      report(lease, outcome, attempt.cost());
  }

  void report(const Lease& lease, const Outcome& outcome, const experiment::Cost& cost) {
    try {
      switch (outcome.kind) {
        case Outcome::Kind::kObserved:
          client_.observe(lease, outcome.value, outcome.value_stddev, outcome.metadata, cost);
          summary_.observed += 1;
          return log(lease,
                     fmt::format("observed {:g} in {:.1f} s", outcome.value, cost.wall_seconds));
        case Outcome::Kind::kFailed:
          client_.fail(lease, outcome.reason, cost);
          summary_.failed += 1;
          return log(lease, fmt::format("failed: {}", outcome.reason));
        case Outcome::Kind::kStopped:
          client_.release(lease,
                          outcome.checkpoint.empty() ? lease.trial.checkpoint : outcome.checkpoint,
                          cost);
          summary_.released += 1;
          return log(lease, "released");
      }
    } catch (const experiment::StaleLease&) {
      lost(lease);
    }
  }

  void lost(const Lease& lease) {
    summary_.lost += 1;
    log(lease, "was given to another worker");
  }

  void log(const Lease& lease, const std::string& what) {
    options_.log(fmt::format("trial {} ({}): {}", lease.trial.id,
                             lease.experiment.tasks[lease.trial.suggestion.task].name, what));
  }

  Client& client_;
  Executor& executor_;
  const WorkerOptions& options_;
  WorkerSummary summary_;
};

}  // namespace

Outcome Outcome::observed(double value, std::optional<double> value_stddev, Json metadata) {
  return {.kind = Kind::kObserved,
          .value = value,
          .value_stddev = value_stddev,
          .metadata = std::move(metadata)};
}

Outcome Outcome::failed(std::string reason) {
  return {.kind = Kind::kFailed, .reason = std::move(reason)};
}

Outcome Outcome::stopped(std::string checkpoint) {
  return {.kind = Kind::kStopped, .checkpoint = std::move(checkpoint)};
}

WorkerSummary run_worker(Client& client, Executor& executor, const WorkerOptions& options) {
  return Loop(client, executor, options).run();
}

bool die_with_parent(int parent_pid) {
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
    throw SystemError("cannot ask to die with the parent process", errno);
  return ::getppid() == parent_pid;  // it may have died before we asked
}

}  // namespace frugal::worker
