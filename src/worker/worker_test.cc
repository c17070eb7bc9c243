// The loop and its client against a coordinator of the test's own: the routes of
// docs/http_api.md over a real scheduler, with faults on request.
#include "worker/worker.h"

#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/test_packet_loss.h"
#include "experiment/scheduler.h"
#include "experiment/test_experiment.h"

namespace frugal::worker {
namespace {

using experiment::Id;
using experiment::Scheduler;
using experiment::TrialState;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Coordinator {
 public:
  explicit Coordinator(Scheduler& scheduler, int port = 0) : scheduler_(scheduler) {
    http_.set_tcp_nodelay(true);
    http_.set_keep_alive_timeout(1);
    http_.Post("/v1/leases", [this](const auto& request, auto& response) {
      answer(request, response, [&](const Json& body) { return lease(body, response); });
    });
    http_.Post(R"(/v1/trials/(\d+)/(\w+))", [this](const auto& request, auto& response) {
      answer(request, response, [&](const Json& body) {
        return report(std::stoll(request.matches[1]), request.matches[2], body);
      });
    });
    if (port == 0)
      port_ = http_.bind_to_any_port("127.0.0.1");
    else
      port_ = http_.bind_to_port("127.0.0.1", port) ? port : 0;
    FRUGAL_CHECK(port_ > 0);
    thread_ = std::thread([this] { http_.listen_after_bind(); });
    while (!http_.is_running()) std::this_thread::yield();
  }
  ~Coordinator() {
    http_.stop();
    thread_.join();
  }

  int port() const { return port_; }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::atomic<bool> over = false;
  std::atomic<int> failures = 0;      // requests still to be answered with 503
  std::atomic<int> lost_answers = 0;  // reports still to be obeyed and then answered with 503
  std::atomic<int> heartbeats = 0;
  std::atomic<double> heartbeat_seconds = 0.005;
  std::vector<experiment::Cost> told;  // of observations; one worker asks at a time

 private:
  template <typename Handle>
  void answer(const httplib::Request& request, httplib::Response& response, Handle handle) {
    EXPECT_EQ(request.get_header_value("Authorization"), "Bearer secret");
    response.status = 200;
    if (failures > 0) {
      --failures;
      response.status = 503;
      return;
    }
    try {
      const Json reply = handle(Json::parse(request.body));
      response.set_content(reply.dump(), "application/json");
    } catch (const experiment::StaleLease& error) {
      response.status = 409;
      response.set_content(Json{{"message", error.what()}}.dump(), "application/json");
    }
    if (lost_answers > 0 && request.path.ends_with("/observation")) {
      --lost_answers;
      response.status = 503;
    }
  }

  Json lease(const Json& body, httplib::Response& response) {
    if (over) {
      response.status = 410;
      return {};
    }
    const auto trial = scheduler_.lease(1, body.at("worker"));
    if (!trial) {
      response.status = 204;
      return {};
    }
    const auto experiment = scheduler_.experiment(1);
    return {{"experiment", to_json(experiment)},
            {"trial", to_json(*trial, experiment)},
            {"heartbeat_seconds", heartbeat_seconds.load()}};
  }

  Json report(Id trial, const std::string& what, const Json& body) {
    const std::int64_t fence = body.at("fence");
    const experiment::Cost cost{body.at("wall_seconds"), body.at("cpu_seconds"),
                                body.at("device_seconds"), body.at("peak_memory_bytes"),
                                body.at("waited_seconds")};
    if (what == "observation") told.push_back(cost);
    experiment::Report report{.value = body.value("value", 0.0), .cost = cost};
    if (what == "heartbeat") {
      ++heartbeats;
      const bool go_on = scheduler_.heartbeat(trial, fence, body.at("progress"), cost);
      return {{"order", go_on ? "go_on" : "stop"}};
    }
    if (what == "observation") scheduler_.observe(trial, fence, report);
    if (what == "on_the_way")
      scheduler_.observe_on_the_way(trial, fence,
                                    task_named(scheduler_.experiment(1), body.at("task")), report);
    if (what == "failure") scheduler_.fail(trial, fence, body.at("reason"), cost);
    if (what == "release") scheduler_.release(trial, fence, body.at("checkpoint"), cost);
    return Json::object();
  }

  Scheduler& scheduler_;
  httplib::Server http_;
  int port_ = 0;
  std::thread thread_;
};

class FunctionExecutor final : public Executor {
 public:
  using Function = std::function<Outcome(const Lease&, Context&)>;
  explicit FunctionExecutor(Function function) : function_(std::move(function)) {}
  Outcome run(const Lease& lease, Context& context) override { return function_(lease, context); }

 private:
  Function function_;
};

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    scheduler_->create(experiment::test_experiment());
    for (int i = 0; i < 3; ++i)
      scheduler_->queue(1, {{{"x", 0.5}, {"n", std::int64_t{i + 1}}, {"c", std::string("a")}}, 2},
                        {{"seed", i}});
    // Nothing but what is queued, so that the tests end.
    scheduler_->set_admission([](const auto&, const auto&) { return false; });
  }

  void start() { coordinator_ = std::make_unique<Coordinator>(*scheduler_); }

  ClientOptions client_options() {
    return {.address = coordinator_->address(), .token = "secret", .patience_seconds = 30};
  }

  WorkerSummary work(
      FunctionExecutor::Function function,
      std::function<bool()> should_stop = [] { return false; }) {
    Client client(client_options());
    FunctionExecutor executor(std::move(function));
    return run_worker(
        client, executor,
        {.name = "w", .wait_seconds = 0, .devices = 2, .should_stop = std::move(should_stop)});
  }

  // A numeric trial; the experiment is over after the third.
  Outcome evaluate(const Lease& lease) {
    if (lease.trial.id == 3) coordinator_->over = true;
    const auto& assignments = lease.trial.suggestion.assignments;
    return Outcome::observed(static_cast<double>(std::get<std::int64_t>(assignments.at("n"))));
  }

  TrialState state(Id trial) { return scheduler_->trial(trial).state; }

  experiment::TemporaryFolder folder_;
  ManualClock clock_{1e9};
  std::unique_ptr<experiment::Store> store_ =
      experiment::open_sqlite_store((folder_.path() / "store.db").string());
  std::unique_ptr<Scheduler> scheduler_ = std::make_unique<Scheduler>(*store_, clock_);
  std::unique_ptr<Coordinator> coordinator_;
};

TEST_F(WorkerTest, RunsTrialsUntilTheExperimentIsOver) {
  start();
  const auto summary = work([&](const Lease& lease, Context&) {
    EXPECT_EQ(lease.trial.metadata.at("seed").get<int>(), lease.trial.id - 1);
    EXPECT_EQ(lease.experiment.name, "test");
    return evaluate(lease);
  });
  EXPECT_EQ(summary.ending, WorkerSummary::Ending::kOver);
  EXPECT_EQ(summary.observed, 3u);
  const auto observations = scheduler_->observations(1);
  ASSERT_EQ(observations.size(), 3u);
  EXPECT_EQ(observations[2].value, 3);
  EXPECT_GT(observations[2].cost_seconds, 0);
}

TEST_F(WorkerTest, ReportsWhatATrialTookAndWhatTheWorkerWaitedBeforeIt) {
  start();
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  constexpr std::size_t kLarge = 300'000'000;
  const auto began = Clock::now();
  work([&](const Lease& lease, Context&) {
    if (lease.trial.id == 1) {
      const std::vector<char> large(kLarge, 1);  // touched, all of it
      EXPECT_EQ(large[kLarge / 2], 1);
    }
    return evaluate(lease);
  });
  const double all = seconds(Clock::now() - began);
  ASSERT_EQ(coordinator_->told.size(), 3u);
  double accounted = 0;
  for (const auto& cost : coordinator_->told) {
    EXPECT_EQ(cost.device_seconds, 2 * cost.wall_seconds);
    EXPECT_GE(cost.waited_seconds, 0);
    accounted += cost.wall_seconds + cost.waited_seconds;
  }
  EXPECT_GT(coordinator_->told[0].cpu_seconds, 0);
  EXPECT_GE(coordinator_->told[0].peak_memory_bytes, kLarge);
  EXPECT_LE(accounted, all);
  std::ofstream can_forget("/proc/self/clear_refs");
  if (can_forget << "5" << std::flush) {
    EXPECT_LT(coordinator_->told[1].peak_memory_bytes,
              coordinator_->told[0].peak_memory_bytes - 2e8);
  }
}

TEST_F(WorkerTest, SendsHeartbeatsWithProgressBesideTheTrial) {
  start();
  work([&](const Lease& lease, Context& context) {
    if (lease.trial.id == 1) {
      context.report_progress({{"epoch", 7}});
      while (!scheduler_->trial(1).progress.contains("epoch")) std::this_thread::yield();
    }
    return evaluate(lease);
  });
  EXPECT_EQ(scheduler_->trial(1).progress["epoch"], 7);
}

TEST_F(WorkerTest, SendsALearningCurveThatHasGrownAtOnce) {
  start();
  coordinator_->heartbeat_seconds = 3600;
  work([&](const Lease& lease, Context& context) {
    if (lease.trial.id == 1) {
      context.report_progress({{"curve", {{0.5, 0.1}}}});
      while (!scheduler_->trial(1).progress.contains("curve")) std::this_thread::yield();
    }
    return evaluate(lease);
  });
  EXPECT_EQ(scheduler_->trial(1).progress["curve"].size(), 1u);
}

TEST_F(WorkerTest, ReportsWhatATrialPassesOnTheWay) {
  start();
  work([&](const Lease& lease, Context& context) {
    if (lease.trial.id == 1) context.observe_intermediate("small", 0.25);
    return evaluate(lease);
  });
  const auto observations = scheduler_->observations(1);
  ASSERT_EQ(observations.size(), 4u);
  EXPECT_EQ(observations[0].value, 0.25);
  EXPECT_EQ(observations[0].point.task, 0u);
}

TEST_F(WorkerTest, ReportsAFailureAndGoesOn) {
  start();
  const auto summary = work([&](const Lease& lease, Context&) -> Outcome {
    if (lease.trial.id == 1) throw NumericalError("the loss is not a number");
    if (lease.trial.id == 2) return Outcome::observed(std::nan(""));
    return evaluate(lease);
  });
  EXPECT_EQ(summary.failed, 2u);
  EXPECT_EQ(scheduler_->trial(1).reason, "the loss is not a number");
  EXPECT_EQ(state(2), TrialState::kFailed);
  EXPECT_EQ(state(3), TrialState::kDone);
}

TEST_F(WorkerTest, GivesTheTrialBackWhenItsMachineFails) {
  start();
  EXPECT_THROW(
      work([](const Lease&, Context&) -> Outcome { throw SystemError("the disk is full"); }),
      SystemError);
  EXPECT_EQ(state(1), TrialState::kPreempted);
  EXPECT_TRUE(scheduler_->observations(1).empty());
}

TEST_F(WorkerTest, StopsWithACheckpointWhenASignalComes) {
  start();
  std::atomic<bool> signalled = false;
  const auto summary = work(
      [&](const Lease&, Context& context) {
        EXPECT_FALSE(context.should_stop());
        signalled = true;
        EXPECT_TRUE(context.should_stop());
        return Outcome::stopped("checkpoints/1");
      },
      [&] { return signalled.load(); });
  EXPECT_EQ(summary.ending, WorkerSummary::Ending::kStopped);
  EXPECT_EQ(summary.released, 1u);
  EXPECT_EQ(state(1), TrialState::kPreempted);
  EXPECT_EQ(scheduler_->trial(1).checkpoint, "checkpoints/1");
}

TEST_F(WorkerTest, StopsWithACheckpointWhenTheCoordinatorSaysSo) {
  start();
  const auto summary = work([&](const Lease& lease, Context& context) {
    if (lease.trial.checkpoint == "c") {
      coordinator_->over = true;
      return Outcome::observed(1);
    }
    scheduler_->ask_to_stop(true);
    while (!context.should_stop()) std::this_thread::yield();
    scheduler_->ask_to_stop(false);
    return Outcome::stopped("c");
  });
  EXPECT_EQ(summary.released, 1u);
  EXPECT_EQ(summary.observed, 1u);
}

TEST_F(WorkerTest, DropsATrialThatSomebodyElseHas) {
  start();
  const auto summary = work([&](const Lease& lease, Context& context) {
    if (lease.trial.id == 1 && lease.trial.fence == 1) {
      clock_.advance(1000);
      scheduler_->expire();
      scheduler_->lease(1, "another");
      while (!context.should_stop()) std::this_thread::yield();
      context.observe_intermediate("small", 0.5);
      return Outcome::observed(99);
    }
    return evaluate(lease);
  });
  EXPECT_EQ(summary.lost, 1u);
  EXPECT_EQ(state(1), TrialState::kRunning);
  EXPECT_EQ(scheduler_->trial(1).worker, "another");
  EXPECT_EQ(scheduler_->observations(1).size(), 2u);
}

TEST_F(WorkerTest, CountsAnObservationOnceAlthoughItsAnswerWasLost) {
  start();
  coordinator_->lost_answers = 2;
  const auto summary = work([&](const Lease& lease, Context&) { return evaluate(lease); });
  EXPECT_EQ(summary.observed, 3u);
  EXPECT_EQ(scheduler_->observations(1).size(), 3u);
}

TEST_F(WorkerTest, CountsEveryObservationOnceThoughEveryTenthPacketIsLost) {
  start();
  if (!lose_packets(listening_socket(coordinator_->port()), 0.1))
    GTEST_SKIP() << "this kernel does not let a process filter its own sockets";
  const auto summary = work([&](const Lease& lease, Context&) {
    // So many requests that some are lost.
    while (coordinator_->heartbeats < 20 * lease.trial.id) std::this_thread::yield();
    return evaluate(lease);
  });
  EXPECT_EQ(summary.observed, 3u);
  EXPECT_EQ(scheduler_->observations(1).size(), 3u);
}

// A lease hangs on the coordinator's clock alone, and nothing that a worker says is a time of day:
// here the two are decades apart.
TEST_F(WorkerTest, DoesNotMindAClockThatDiffersFromItsCoordinators) {
  ASSERT_GT(
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count() -
          clock_.now_seconds(),
      1e8);
  start();
  work([&](const Lease& lease, Context&) {
    const int before = coordinator_->heartbeats;
    while (coordinator_->heartbeats < before + 2) std::this_thread::yield();
    EXPECT_EQ(scheduler_->trial(lease.trial.id).lease_expires, 1e9 + 60);
    EXPECT_EQ(scheduler_->expire(), 0u);
    return evaluate(lease);
  });
  for (const Id trial : {1, 2, 3}) {
    EXPECT_EQ(state(trial), TrialState::kDone);
    EXPECT_EQ(scheduler_->trial(trial).started, 1e9);
    EXPECT_EQ(scheduler_->trial(trial).ended, 1e9);
  }
}

TEST_F(WorkerTest, GoesOnWithACoordinatorThatWasKilledAndStartedAgain) {
  start();
  const int port = coordinator_->port();
  std::thread restarting;
  const auto summary = work([&](const Lease& lease, Context&) {
    if (lease.trial.id == 1) {
      coordinator_.reset();
      restarting = std::thread(
          [&, port] { coordinator_ = std::make_unique<Coordinator>(*scheduler_, port); });
      restarting.join();
      coordinator_->failures = 3;
    }
    return evaluate(lease);
  });
  EXPECT_EQ(summary.observed, 3u);
}

TEST_F(WorkerTest, EndsWhenTheCoordinatorStaysAway) {
  start();
  auto options = client_options();
  options.patience_seconds = 0.1;
  Client client(options);
  coordinator_.reset();
  EXPECT_THAT([&] { client.lease(0, "w", 0); },
              ThrowsMessage<SystemError>(HasSubstr("does not answer")));
}

TEST_F(WorkerTest, SaysWhatIsNoAddress) {
  for (const char* address : {"gopher://x", "http://x:99999999999", ""})
    EXPECT_THROW(Client({.address = address, .token = "t"}), InputError) << address;
}

TEST_F(WorkerTest, FinishesTheTrialOfAWorkerThatWasKilled) {
  int to_child[2], from_child[2];
  ASSERT_EQ(::pipe(to_child), 0);
  ASSERT_EQ(::pipe(from_child), 0);
  const pid_t child = ::fork();  // before this process has threads
  if (child == 0) {
    int port = 0;
    if (::read(to_child[0], &port, sizeof port) != sizeof port) ::_exit(1);
    Client client({.address = "http://127.0.0.1:" + std::to_string(port), .token = "secret"});
    FunctionExecutor executor([&](const Lease& lease, Context&) -> Outcome {
      if (::write(from_child[1], &lease.trial.id, sizeof lease.trial.id) < 0) ::_exit(1);
      for (;;) ::pause();
    });
    run_worker(client, executor, {.name = "killed"});
    ::_exit(1);
  }
  start();
  const int port = coordinator_->port();
  ASSERT_EQ(::write(to_child[1], &port, sizeof port), ssize_t{sizeof port});
  Id begun = 0;
  ASSERT_EQ(::read(from_child[0], &begun, sizeof begun), ssize_t{sizeof begun});
  EXPECT_EQ(begun, 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(state(1), TrialState::kRunning) << "nobody knows yet";
  clock_.advance(1000);
  EXPECT_EQ(scheduler_->expire(), 1u);

  const auto summary = work([&](const Lease& lease, Context&) { return evaluate(lease); });
  EXPECT_EQ(summary.observed, 3u);
  EXPECT_EQ(scheduler_->trial(1).worker, "w");
  EXPECT_EQ(scheduler_->trial(1).fence, 2);
  EXPECT_EQ(scheduler_->observations(1).size(), 3u);
}

TEST(DieWithParent, EndsTheWorkerWhenItsParentIsKilled) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t coordinator = ::getpid();
    if (::fork() == 0) {
      if (!die_with_parent(coordinator)) ::_exit(1);
      if (::write(pipe[1], "+", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    for (;;) ::pause();
  }
  ::close(pipe[1]);
  char byte = 0;
  ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(::read(pipe[0], &byte, 1), 0) << "the worker's end of the pipe closes with it";
}

TEST_F(WorkerTest, GoesWhenItHadNoTrialForAWhileIfToldSo) {
  start();
  Client client(client_options());
  FunctionExecutor executor([&](const Lease& lease, Context&) {
    return Outcome::observed(static_cast<double>(lease.trial.id));
  });
  const auto summary =
      run_worker(client, executor, {.name = "w", .wait_seconds = 0, .leave_after_seconds = 1e-9});
  EXPECT_EQ(summary.ending, WorkerSummary::Ending::kIdle);
  EXPECT_EQ(summary.observed, 3u);
}

}  // namespace
}  // namespace frugal::worker
