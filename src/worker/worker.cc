#include "worker/worker.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
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
#include "worker/usage.h"

namespace frugal::worker {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_between(SteadyClock::time_point begin, SteadyClock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// One attempt at a trial: the context that its executor sees, and the heartbeat beside it.
class Attempt final : public Context {
 public:
  // The coordinator knows what this worker did until accounted_until.
  Attempt(Client& client, const Lease& lease, const WorkerOptions& options,
          SteadyClock::time_point accounted_until)
      : client_(client),
        lease_(lease),
        options_(options),
        accounted_until_(accounted_until),
        waited_seconds_(seconds_between(accounted_until, began_)) {
    forget_peak_memory();
    heart_ = std::thread([this] { beat(); });
  }

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
    const auto length = [](const Json& word) {
      return word.contains("curve") ? word["curve"].size() : 0;
    };
    hurry_ = hurry_ || length(progress) > length(progress_);
    progress_ = std::move(progress);
    if (hurry_) changed_.notify_all();
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

  void note_peak_memory(double bytes) override {
    const std::lock_guard lock(mutex_);
    noted_peak_bytes_ = std::max(noted_peak_bytes_, bytes);
  }

  bool lost() const { return lost_; }

  experiment::Cost cost() {
    const double wall_seconds = seconds_between(began_, SteadyClock::now());
    const std::lock_guard lock(mutex_);
    return {.wall_seconds = wall_seconds,
            .cpu_seconds = cpu_seconds() - cpu_seconds_before_,
            .device_seconds = wall_seconds * options_.devices,
            .peak_memory_bytes = std::max(peak_memory_bytes(), noted_peak_bytes_),
            .waited_seconds = waited_seconds_};
  }

  // Once it was told that cost.
  void accounted(const experiment::Cost& cost) {
    accounted_until_ = began_ + std::chrono::duration_cast<SteadyClock::duration>(
                                    std::chrono::duration<double>(cost.wall_seconds));
  }
  // After finish().
  SteadyClock::time_point accounted_until() const { return accounted_until_; }

 private:
  void lose() { lost_ = stop_ = true; }

  void beat() {
    const std::chrono::duration<double> interval(lease_.heartbeat_seconds);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait_for(lock, interval, [this] { return finished_ || hurry_; });
      if (finished_ || lost_) return;
      hurry_ = false;
      const Json progress = progress_;
      lock.unlock();
      try {
        const experiment::Cost now = cost();
        if (client_.heartbeat(lease_, progress, now) == Order::kStop) stop_ = true;
        accounted(now);
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
  bool hurry_ = false;  // the next heartbeat is due now
  Json progress_ = Json::object();
  double noted_peak_bytes_ = 0;
  SteadyClock::time_point accounted_until_;  // the heart's, until it has finished
  const double waited_seconds_;
  std::thread heart_;  // started when everything else is there
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
      if (answer.lease) {
        work(*answer.lease);
        idle_since_ = SteadyClock::now();
      } else if (options_.leave_after_seconds > 0 &&
                 seconds_between(idle_since_, SteadyClock::now()) >= options_.leave_after_seconds) {
        return end(WorkerSummary::Ending::kIdle);
      }
    }
  }

 private:
  WorkerSummary end(WorkerSummary::Ending ending) {
    summary_.ending = ending;
    return summary_;
  }

  void work(const Lease& lease) {
    Attempt attempt(client_, lease, options_, accounted_until_);
    Outcome outcome;
    try {
      outcome = executor_.run(lease, attempt);
      if (outcome.kind == Outcome::Kind::kObserved && !std::isfinite(outcome.value))
        outcome = Outcome::failed("its value is not a finite number");
    } catch (const SystemError&) {
      attempt.finish();
      if (!attempt.lost()) report(lease, Outcome::stopped(""), attempt);
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
      report(lease, outcome, attempt);
    accounted_until_ = attempt.accounted_until();
  }

  void report(const Lease& lease, const Outcome& outcome, Attempt& attempt) {
    const experiment::Cost cost = attempt.cost();
    try {
      send(lease, outcome, cost);
    } catch (const experiment::StaleLease&) {
      return lost(lease);
    }
    attempt.accounted(cost);
  }

  void send(const Lease& lease, const Outcome& outcome, const experiment::Cost& cost) {
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
        client_.release(
            lease, outcome.checkpoint.empty() ? lease.trial.checkpoint : outcome.checkpoint, cost);
        summary_.released += 1;
        return log(lease, "released");
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
  SteadyClock::time_point accounted_until_ = SteadyClock::now();
  SteadyClock::time_point idle_since_ = SteadyClock::now();
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
