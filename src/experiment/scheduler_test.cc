#include "experiment/scheduler.h"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/random.h"
#include "experiment/progress.h"
#include "experiment/test_experiment.h"

namespace frugal::experiment {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() { reopen(); }

  // As after a kill: all that is left is the file.
  void reopen() {
    scheduler_.reset();
    store_.reset();
    store_ = open_sqlite_store((folder_.path() / "store.db").string());
    scheduler_ = std::make_unique<Scheduler>(
        *store_, clock_, SchedulerOptions{.lease_seconds = 60, .most_attempts = 3});
  }

  Id create(std::optional<int> parallel_bandwidth = {}) {
    Experiment experiment = test_experiment();
    experiment.parallel_bandwidth = parallel_bandwidth;
    return scheduler_->create(experiment).id;
  }

  // By a worker that never leased before.
  Trial lease(Id experiment) { return lease(experiment, std::to_string(++workers_)); }
  Trial lease(Id experiment, const std::string& worker) {
    const auto trial = scheduler_->lease(experiment, worker);
    EXPECT_TRUE(trial.has_value());
    return trial.value();
  }

  optimizer::Suggestion suggestion(double x) {
    return {{{"x", x}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 2};
  }

  TemporaryFolder folder_;
  ManualClock clock_{1e9};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Scheduler> scheduler_;
  int workers_ = 0;
};

TEST_F(SchedulerTest, TakesATrialFromLeaseToObservation) {
  const Id experiment = create();
  const Trial trial = lease(experiment, "local-1");
  EXPECT_EQ(trial.state, TrialState::kRunning);
  EXPECT_EQ(trial.fence, 1);
  EXPECT_EQ(trial.worker, "local-1");
  EXPECT_TRUE(scheduler_->heartbeat(trial.id, 1, {{"epoch", 1}}, {1, 1}));
  scheduler_->observe(trial.id, 1, {.value = 0.75, .value_stddev = 0.01, .cost = {3, 2}});
  const Trial done = scheduler_->trial(trial.id);
  EXPECT_EQ(done.state, TrialState::kDone);
  EXPECT_EQ(done.cost.wall_seconds, 3);
  EXPECT_EQ(done.cost.cpu_seconds, 2);
  const auto observations = scheduler_->observations(experiment);
  ASSERT_EQ(observations.size(), 1u);
  EXPECT_EQ(observations[0].value, 0.75);
  EXPECT_EQ(observations[0].point, trial.suggestion);
}

// Five runs that came to their ends, and the curve of a sixth.
class HopelessRunTest : public SchedulerTest {
 protected:
  HopelessRunTest() {
    for (int i = 0; i < 5; ++i) {
      const Trial ended = lease(experiment_);
      const double end = 0.5 + 0.01 * i;
      scheduler_->observe(
          ended.id, ended.fence,
          {.value = end,
           .metadata = {{"curve", {{0.25, 0.2}, {0.5, end - 0.2 + 0.001 * i}, {1, end}}}}});
    }
  }

  bool looked_at(const Trial& trial, double value) {
    return scheduler_->heartbeat(trial.id, trial.fence,
                                 {{"curve", {{0.25, value / 2}, {0.5, value}}}}, {4, 4});
  }

  const Id experiment_ = create();
};

TEST_F(HopelessRunTest, IsStoppedAndItsForecastLearned) {
  const Trial trial = lease(experiment_);
  EXPECT_TRUE(looked_at(trial, 0.02)) << "nobody asked for it";
  scheduler_->release(trial.id, trial.fence, "", {4, 4});
  EXPECT_EQ(scheduler_->trial(trial.id).state, TrialState::kPreempted);

  scheduler_->stop_hopeless(0.05);
  const Trial again = lease(experiment_);
  ASSERT_EQ(again.id, trial.id);
  EXPECT_TRUE(looked_at(again, 0.02)) << "the same look as before";
  EXPECT_FALSE(looked_at(again, 0.01));
  scheduler_->release(again.id, again.fence, "checkpoint", {5, 5});
  const Trial ended = scheduler_->trial(trial.id);
  EXPECT_EQ(ended.state, TrialState::kDone);
  EXPECT_THAT(ended.reason, HasSubstr("stopped after 50 %"));
  EXPECT_EQ(ended.cost.wall_seconds, 9);
  const Observation learned = scheduler_->observations(experiment_).back();
  EXPECT_EQ(learned.trial, trial.id);
  EXPECT_NEAR(learned.value.value(), 0.01 + 0.2, 0.005);
  EXPECT_GT(learned.value_stddev.value(), 0);
  EXPECT_EQ(learned.metadata["stopped_at_share"], 0.5);
}

TEST_F(HopelessRunTest, IsNotStoppedWhereThereIsHope) {
  scheduler_->stop_hopeless(0.05);
  const Trial trial = lease(experiment_);
  EXPECT_TRUE(looked_at(trial, 0.35));
  scheduler_->observe(trial.id, trial.fence, {.value = 0.6});
  EXPECT_EQ(scheduler_->trial(trial.id).reason, "");
}

TEST_F(HopelessRunTest, IsNotStoppedWhenSomebodyAskedForIt) {
  scheduler_->stop_hopeless(0.05);
  const Trial queued = scheduler_->queue(experiment_, suggestion(0.5), {});
  const Trial trial = lease(experiment_);
  ASSERT_EQ(trial.id, queued.id);
  EXPECT_TRUE(looked_at(trial, 0.01));
}

TEST_F(HopelessRunTest, EndsByItsForecastWhenItsWorkerIsLost) {
  scheduler_->stop_hopeless(0.05);
  const Trial trial = lease(experiment_);
  EXPECT_FALSE(looked_at(trial, 0.01));
  clock_.advance(61);
  EXPECT_EQ(scheduler_->expire(), 1u);
  EXPECT_EQ(scheduler_->trial(trial.id).state, TrialState::kDone);
  EXPECT_EQ(scheduler_->observations(experiment_).back().trial, trial.id);
}

TEST_F(HopelessRunTest, StaysHopelessWhenTheCoordinatorStartsAnew) {
  scheduler_->stop_hopeless(0.05);
  const Trial trial = lease(experiment_);
  EXPECT_FALSE(looked_at(trial, 0.01));
  reopen();
  scheduler_->stop_hopeless(0.05);
  scheduler_->take_back_all();
  const Trial again = lease(experiment_);
  ASSERT_EQ(again.id, trial.id);
  EXPECT_FALSE(scheduler_->heartbeat(again.id, again.fence, Json(), {1, 1}));
}

TEST_F(SchedulerTest, AnswersTheSameReportAgainAndCountsItOnce) {
  const Id experiment = create();
  const Trial observed = lease(experiment), failed = lease(experiment);
  for (int time = 0; time < 3; ++time) {
    scheduler_->observe(observed.id, 1, {.value = 0.5, .cost = {3, 2}});
    scheduler_->fail(failed.id, 1, "the loss is not a number", {1, 1});
  }
  EXPECT_EQ(scheduler_->observations(experiment).size(), 2u);
  EXPECT_EQ(scheduler_->trial(observed.id).cost.wall_seconds, 3);
  EXPECT_EQ(scheduler_->trial(failed.id).reason, "the loss is not a number");
}

TEST_F(SchedulerTest, RefusesEveryReportWithAnOldFence) {
  const Id experiment = create();
  const Trial old = lease(experiment);
  clock_.advance(61);
  EXPECT_EQ(scheduler_->expire(), 1u);
  const Trial now = lease(experiment);
  EXPECT_EQ(now.id, old.id);
  EXPECT_EQ(now.fence, 2);
  EXPECT_THROW(scheduler_->heartbeat(old.id, 1, {}, {}), StaleLease);
  EXPECT_THROW(scheduler_->observe_on_the_way(old.id, 1, 0, {.value = 1}), StaleLease);
  EXPECT_THROW(scheduler_->observe(old.id, 1, {.value = 1}), StaleLease);
  EXPECT_THROW(scheduler_->fail(old.id, 1, "", {}), StaleLease);
  EXPECT_THROW(scheduler_->release(old.id, 1, "", {}), StaleLease);
  EXPECT_TRUE(scheduler_->observations(experiment).empty());
  scheduler_->observe(now.id, 2, {.value = 1});
  EXPECT_THROW(scheduler_->observe(old.id, 1, {.value = 1}), StaleLease);
}

TEST_F(SchedulerTest, KeepsALeaseAliveByHeartbeats) {
  const Id experiment = create();
  const Trial trial = lease(experiment);
  for (int minute = 0; minute < 10; ++minute) {
    clock_.advance(59);
    EXPECT_EQ(scheduler_->expire(), 0u);
    scheduler_->heartbeat(trial.id, 1, {}, {});
  }
  clock_.advance(61);
  EXPECT_EQ(scheduler_->expire(), 1u);
}

TEST_F(SchedulerTest, GivesAReleasedTrialOnWithItsCheckpointBeforeAnythingElse) {
  const Id experiment = create();
  const Trial trial = lease(experiment);
  const Trial queued = scheduler_->queue(experiment, suggestion(0.5), {{"role", "rerun"}});
  scheduler_->release(trial.id, 1, "checkpoints/1", {10, 9});
  const Trial again = lease(experiment);
  EXPECT_EQ(again.id, trial.id);
  EXPECT_EQ(again.suggestion, trial.suggestion);
  EXPECT_EQ(again.checkpoint, "checkpoints/1");
  EXPECT_EQ(lease(experiment).id, queued.id);
  scheduler_->observe(again.id, 2, {.value = 1, .cost = {5, 4}});
  EXPECT_EQ(scheduler_->trial(again.id).cost.wall_seconds, 15);
  EXPECT_EQ(scheduler_->observations(experiment)[0].cost_seconds, 15);
}

TEST_F(SchedulerTest, CountsATrialThatIsLostThreeTimesAsFailed) {
  const Id experiment = create();
  const Id id = lease(experiment).id;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    if (attempt > 1) {
      EXPECT_EQ(lease(experiment).id, id);
    }
    scheduler_->heartbeat(id, attempt, {}, {10, 10});
    clock_.advance(61);
    scheduler_->expire();
  }
  const Trial trial = scheduler_->trial(id);
  EXPECT_EQ(trial.state, TrialState::kFailed);
  EXPECT_THAT(trial.reason, HasSubstr("lost 3 times"));
  EXPECT_EQ(trial.cost.wall_seconds, 30) << "what lost attempts cost is counted";
  ASSERT_EQ(scheduler_->observations(experiment).size(), 1u);
  EXPECT_EQ(scheduler_->observations(experiment)[0].value, std::nullopt);
}

TEST_F(SchedulerTest, TakesBackATrialWhoseWorkerAsksForAnother) {
  const Id experiment = create();
  const Trial trial = lease(experiment, "w");
  lease(experiment, "another");
  const Trial again = lease(experiment, "w");
  EXPECT_EQ(again.id, trial.id);
  EXPECT_EQ(again.fence, 2);
  EXPECT_THROW(scheduler_->observe(trial.id, 1, {.value = 1}), StaleLease);
}

TEST_F(SchedulerTest, BlamesNoTrialForTheEndOfTheCoordinator) {
  const Id experiment = create();
  const Id id = lease(experiment).id;
  for (int kill = 1; kill <= 5; ++kill) {
    scheduler_->heartbeat(id, kill, {}, {10, 0});
    reopen();
    scheduler_->take_back_all();
    EXPECT_EQ(lease(experiment).id, id);
  }
  EXPECT_EQ(scheduler_->trial(id).cost.wall_seconds, 50);
  EXPECT_EQ(scheduler_->trial(id).attempts, 1);
}

TEST_F(SchedulerTest, LeasesNoSuggestionThatAClientHolds) {
  const Id experiment = create();
  const Trial held = scheduler_->suggest(experiment);
  EXPECT_NE(lease(experiment).id, held.id);
  EXPECT_NE(scheduler_->suggest(experiment).id, held.id);
  reopen();
  EXPECT_NE(lease(experiment).id, held.id);
}

TEST_F(SchedulerTest, EndsADeletedExperiment) {
  const Id experiment = create();
  const Trial trial = lease(experiment);
  scheduler_->update(experiment, [](Experiment& e) { e.state = ExperimentState::kDeleted; });
  EXPECT_FALSE(scheduler_->heartbeat(trial.id, 1, {}, {}));
  reopen();
  EXPECT_EQ(scheduler_->experiment(experiment).state, ExperimentState::kDeleted);
  EXPECT_EQ(scheduler_->lease(experiment, "w"), std::nullopt);
}

TEST_F(SchedulerTest, RecordsAllObservationsFromOutsideOrNone) {
  const Id experiment = create();
  const Trial suggested = scheduler_->suggest(experiment);
  Observation observation;
  observation.value = 1;
  EXPECT_THROW(scheduler_->record(experiment, {{suggested.id, observation}, {999, observation}}),
               NotFound);
  EXPECT_TRUE(scheduler_->observations(experiment).empty());
  EXPECT_EQ(scheduler_->trial(suggested.id).state, TrialState::kOpen);
  scheduler_->record(experiment, {{suggested.id, observation}, {suggested.id, observation}});
  EXPECT_EQ(scheduler_->observations(experiment).size(), 2u);
}

// Many threads against one scheduler; the sanitizers' test.
TEST_F(SchedulerTest, ServesManyThreads) {
  const Id experiment = create(3);
  std::atomic<int> observed = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto trial = scheduler_->lease(experiment, std::to_string(t));
        if (!trial) continue;
        scheduler_->heartbeat(trial->id, trial->fence, {{"i", i}}, {1, 1});
        scheduler_->trials(experiment);
        scheduler_->recommend(experiment);
        scheduler_->observe(trial->id, trial->fence, {.value = 0.1 * i});
        ++observed;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(scheduler_->observations(experiment).size(), static_cast<std::size_t>(observed));
  EXPECT_EQ(scheduler_->trials(experiment).size(), static_cast<std::size_t>(observed));
}

TEST_F(SchedulerTest, NeverRunsMoreThanTheParallelBandwidth) {
  const Id experiment = create(2);
  const Trial first = lease(experiment);
  lease(experiment);
  EXPECT_EQ(scheduler_->lease(experiment, "w"), std::nullopt);
  scheduler_->observe(first.id, 1, {.value = 1});
  EXPECT_TRUE(scheduler_->lease(experiment, "w").has_value());
}

TEST_F(SchedulerTest, ServesWhatWasQueuedFirstAndInOrder) {
  const Id experiment = create();
  std::vector<Id> queued;
  for (int i = 0; i < 3; ++i)
    queued.push_back(scheduler_->queue(experiment, suggestion(0.1 * i), {{"seed", i}}).id);
  for (int i = 0; i < 3; ++i) {
    const Trial trial = lease(experiment);
    EXPECT_EQ(trial.id, queued[static_cast<std::size_t>(i)]);
    EXPECT_EQ(trial.metadata["seed"], i);
  }
  EXPECT_EQ(lease(experiment).purpose, "search");
}

TEST_F(SchedulerTest, AsksTheAdmissionForNewSuggestionsOnly) {
  const Id experiment = create();
  const Trial running = lease(experiment);
  scheduler_->set_admission([](const Experiment&, const optimizer::Task&) { return false; });
  EXPECT_EQ(scheduler_->lease(experiment, "w"), std::nullopt);
  scheduler_->release(running.id, 1, "", {});
  EXPECT_EQ(lease(experiment).id, running.id);
  const Trial queued = scheduler_->queue(experiment, suggestion(0.5), Json::object());
  EXPECT_EQ(lease(experiment).id, queued.id);
}

TEST_F(SchedulerTest, AsksRunningTrialsToStopAndLeasesNone) {
  const Id experiment = create();
  const Trial trial = lease(experiment);
  scheduler_->ask_to_stop(true);
  EXPECT_FALSE(scheduler_->heartbeat(trial.id, 1, {}, {}));
  EXPECT_EQ(scheduler_->lease(experiment, "w"), std::nullopt);
  scheduler_->release(trial.id, 1, "c", {});
  scheduler_->ask_to_stop(false);
  EXPECT_EQ(lease(experiment).id, trial.id);
}

TEST_F(SchedulerTest, TakesAnObservationOnTheWayOnceForEachTask) {
  const Id experiment = create();
  scheduler_->queue(experiment, suggestion(0.5), Json::object());
  const Trial trial = lease(experiment);
  scheduler_->observe_on_the_way(trial.id, 1, 0, {.value = 0.1});
  scheduler_->observe_on_the_way(trial.id, 1, 0, {.value = 0.9});
  scheduler_->observe_on_the_way(trial.id, 1, 1, {.value = 0.2});
  EXPECT_THROW(scheduler_->observe_on_the_way(trial.id, 1, 3, {.value = 0.2}), InputError);
  EXPECT_THROW(scheduler_->observe_on_the_way(trial.id, 1, 2, {.value = 0.2}), InputError);
  scheduler_->observe(trial.id, 1, {.value = 0.3});
  const auto observations = scheduler_->observations(experiment);
  ASSERT_EQ(observations.size(), 3u);
  EXPECT_EQ(observations[0].value, 0.1);

  const Summary summary =
      summarize(scheduler_->experiment(experiment), scheduler_->trials(experiment), observations);
  EXPECT_EQ(summary.observation_count, 1u) << "they are a part of the full run";
  EXPECT_EQ(summary.budget_consumed, 1);
  EXPECT_EQ(summary.best->value, 0.3);
}

TEST_F(SchedulerTest, ClosesASuggestionByAnObservationFromOutside) {
  const Id experiment = create();
  const Trial suggested = scheduler_->suggest(experiment);
  Observation observation;
  observation.value = 1;
  const auto closing = scheduler_->record(experiment, suggested.id, observation);
  EXPECT_EQ(closing.point, suggested.suggestion);
  EXPECT_EQ(scheduler_->trial(suggested.id).state, TrialState::kDone);
  observation.point = suggestion(0.25);
  observation.value = std::nullopt;
  const auto direct = scheduler_->record(experiment, 0, observation);
  EXPECT_EQ(direct.trial, 0);
  reopen();
  EXPECT_EQ(scheduler_->observations(experiment).size(), 2u);
  EXPECT_THROW(scheduler_->record(experiment, 999, observation), NotFound);
}

TEST_F(SchedulerTest, SaysWhatDoesNotExist) {
  EXPECT_THROW(scheduler_->experiment(1), NotFound);
  EXPECT_THROW(scheduler_->lease(1, "w"), NotFound);
  EXPECT_THROW(scheduler_->heartbeat(1, 1, {}, {}), NotFound);
  EXPECT_THROW(scheduler_->observe(1, 1, {}), NotFound);
  const Id experiment = create();
  optimizer::Suggestion wrong = suggestion(0.5);
  wrong.assignments.erase("n");
  EXPECT_THROW(scheduler_->queue(experiment, wrong, Json::object()), InputError);
}

// The schedule of the kill is the only difference.
TEST_F(SchedulerTest, GoesOnAfterAKillAsIfThereHadBeenNone) {
  const auto run = [&](bool kill_in_between) {
    const Id experiment = create();
    std::vector<optimizer::Suggestion> suggestions;
    for (int i = 0; i < 12; ++i) {
      if (kill_in_between && i % 3 == 2) reopen();
      const Trial trial = lease(experiment);
      if (kill_in_between && i % 4 == 1) reopen();
      suggestions.push_back(trial.suggestion);
      const double x = std::get<double>(trial.suggestion.assignments.at("x"));
      scheduler_->observe(trial.id, trial.fence, {.value = x, .cost = {1 + x, 1}});
    }
    return suggestions;
  };
  EXPECT_EQ(run(false), run(true));
}

// Random workers, kills, stale and repeated reports; beside them a model of what must be true.
class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed) { reopen(); }

  void run(int steps) {
    experiment_ = [&] {
      Experiment experiment = test_experiment();
      experiment.parallel_bandwidth = kBandwidth;
      return scheduler_->create(experiment).id;
    }();
    for (int i = 0; i < steps; ++i) step();
    reopen();
    check();
  }

 private:
  static constexpr int kBandwidth = 4;
  struct Held {
    Id trial;
    std::int64_t fence;
    double heard_seconds = 0;  // by the last heartbeat
  };
  struct Expected {
    std::int64_t fence = 0;
    TrialState state = TrialState::kOpen;
    double seconds = 0;  // of all attempts that ended
    double value = 0;    // when done
    double lease_expires = 0;
    double heard_seconds = 0;
    int lost_or_running = 0;
  };

  void reopen() {
    scheduler_.reset();
    store_.reset();
    store_ = open_sqlite_store((folder_.path() / "store.db").string());
    scheduler_ = std::make_unique<Scheduler>(*store_, clock_, SchedulerOptions{});
  }

  bool is_current(const Held& held) {
    const Expected& expected = model_.at(held.trial);
    return expected.fence == held.fence && expected.state == TrialState::kRunning;
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
        return lease();
      case 2:
        clock_.advance(random_.uniform(0, 40));
        return expire();
      case 3:
        return random_.below(5) == 0 ? reopen() : queue();
      default:
        if (!held_.empty()) report(held_[random_.below(held_.size())]);
    }
  }

  void queue() {
    const Trial trial = scheduler_->queue(
        experiment_,
        {{{"x", random_.uniform()}, {"n", std::int64_t{1}}, {"c", std::string("b")}}, 2},
        Json::object());
    model_[trial.id] = {};
  }

  void lease() {
    int running = 0;
    for (const auto& [id, expected] : model_) running += expected.state == TrialState::kRunning;
    const auto trial = scheduler_->lease(experiment_, std::to_string(held_.size()));
    ASSERT_EQ(trial.has_value(), running < kBandwidth);
    if (!trial) return;
    Expected& expected = model_[trial->id];
    ASSERT_TRUE(expected.state == TrialState::kOpen || expected.state == TrialState::kPreempted);
    ASSERT_EQ(trial->fence, expected.fence + 1) << "the fence grows by one with every lease";
    expected.fence = trial->fence;
    expected.state = TrialState::kRunning;
    expected.lease_expires = clock_.now_seconds() + SchedulerOptions{}.lease_seconds;
    expected.heard_seconds = 0;
    expected.lost_or_running += 1;
    held_.push_back({trial->id, trial->fence});
  }

  void expire() {
    std::size_t lost = 0;
    for (auto& [id, expected] : model_) {
      if (expected.state != TrialState::kRunning || expected.lease_expires >= clock_.now_seconds())
        continue;
      ++lost;
      expected.seconds += expected.heard_seconds;
      expected.state = expected.lost_or_running < SchedulerOptions{}.most_attempts
                           ? TrialState::kPreempted
                           : TrialState::kFailed;
    }
    ASSERT_EQ(scheduler_->expire(), lost);
  }

  void report(Held& held) {
    Expected& expected = model_.at(held.trial);
    const bool current = is_current(held);
    const bool repeated_end = expected.fence == held.fence;
    const double seconds = held.heard_seconds + random_.uniform(0, 5);
    const double value = random_.uniform();
    switch (random_.below(5)) {
      case 0:
      case 1:
        if (!current)
          return refused([&] { scheduler_->heartbeat(held.trial, held.fence, {}, {seconds, 0}); });
        scheduler_->heartbeat(held.trial, held.fence, {{"x", value}}, {seconds, 0});
        held.heard_seconds = expected.heard_seconds = seconds;
        expected.lease_expires = clock_.now_seconds() + SchedulerOptions{}.lease_seconds;
        return;
      case 2:
        if (!current && !(repeated_end && expected.state == TrialState::kDone))
          return refused([&] { scheduler_->observe(held.trial, held.fence, {.value = value}); });
        scheduler_->observe(held.trial, held.fence, {.value = value, .cost = {seconds, 0}});
        if (current) end(expected, TrialState::kDone, seconds), expected.value = value;
        return;
      case 3:
        if (!current && !(repeated_end && expected.state == TrialState::kFailed))
          return refused([&] { scheduler_->fail(held.trial, held.fence, "x", {seconds, 0}); });
        scheduler_->fail(held.trial, held.fence, "x", {seconds, 0});
        if (current) end(expected, TrialState::kFailed, seconds);
        return;
      default:
        if (!current)
          return refused([&] { scheduler_->release(held.trial, held.fence, "c", {seconds, 0}); });
        scheduler_->release(held.trial, held.fence, "c", {seconds, 0});
        end(expected, TrialState::kPreempted, seconds);
        expected.lost_or_running -= 1;
    }
  }

  void end(Expected& expected, TrialState state, double seconds) {
    expected.state = state;
    expected.seconds += seconds;
  }

  template <typename Report>
  void refused(Report report) {
    EXPECT_THROW(report(), StaleLease);
  }

  void check() {
    std::map<Id, int> finals;
    for (const Observation& observation : scheduler_->observations(experiment_)) {
      finals[observation.trial] += 1;
      const Expected& expected = model_.at(observation.trial);
      const bool done = expected.state == TrialState::kDone;
      EXPECT_EQ(observation.value, done ? std::optional(expected.value) : std::nullopt);
    }
    ASSERT_EQ(scheduler_->trials(experiment_).size(), model_.size());
    for (const Trial& trial : scheduler_->trials(experiment_)) {
      const Expected& expected = model_.at(trial.id);
      EXPECT_EQ(trial.state, expected.state) << trial.id;
      EXPECT_EQ(trial.fence, expected.fence);
      EXPECT_NEAR(trial.cost.wall_seconds, expected.seconds, 1e-9);
      const bool ended = trial.state == TrialState::kDone || trial.state == TrialState::kFailed;
      EXPECT_EQ(finals[trial.id], ended ? 1 : 0) << "observed exactly once";
    }
  }

  TemporaryFolder folder_;
  ManualClock clock_{1e9};
  RandomStream random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Scheduler> scheduler_;
  Id experiment_ = 0;
  std::map<Id, Expected> model_;
  std::vector<Held> held_;
};

TEST(SchedulerChaos, LosesNothingThatWasObservedAndCountsNothingTwice) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    Chaos(seed).run(200);
  }
}

TEST_F(SchedulerTest, ChargesEveryAttemptItsShareOfTheMachine) {
  const Id experiment = create();
  scheduler_->workers_begin(4, /*dollars_per_hour=*/7.2);
  Trial trial = lease(experiment, "a");
  scheduler_->heartbeat(trial.id, trial.fence, {}, {.wall_seconds = 40, .peak_memory_bytes = 9});
  lease(experiment, "a");  // it had died: the first trial is preempted, and is the one leased again
  trial = scheduler_->trial(trial.id);
  EXPECT_EQ(trial.state, TrialState::kRunning);
  EXPECT_DOUBLE_EQ(trial.cost.machine_seconds, 10);
  EXPECT_DOUBLE_EQ(trial.cost.dollars, 0.02);
  scheduler_->release(trial.id, trial.fence, "", {.wall_seconds = 4, .peak_memory_bytes = 5});
  trial = lease(experiment, "a");
  scheduler_->fail(trial.id, trial.fence, "why", {.wall_seconds = 8, .device_seconds = 16});
  trial = scheduler_->trial(trial.id);
  EXPECT_DOUBLE_EQ(trial.cost.wall_seconds, 52);
  EXPECT_DOUBLE_EQ(trial.cost.machine_seconds, 13);
  EXPECT_DOUBLE_EQ(trial.cost.dollars, 0.026);
  EXPECT_EQ(trial.cost.peak_memory_bytes, 9);
  EXPECT_EQ(trial.cost.device_seconds, 16);
}

TEST_F(SchedulerTest, ChargesWhatRanWhenTheCoordinatorWasKilledAsIfItHadNot) {
  const Id experiment = create();
  scheduler_->workers_begin(2, 3600);
  const Trial trial = lease(experiment, "a");
  scheduler_->heartbeat(trial.id, trial.fence, {}, {.wall_seconds = 6});
  reopen();
  scheduler_->take_back_all();
  EXPECT_DOUBLE_EQ(scheduler_->trial(trial.id).cost.machine_seconds, 3);
  EXPECT_DOUBLE_EQ(scheduler_->trial(trial.id).cost.dollars, 3);
}

TEST_F(SchedulerTest, LeavesNoGapBetweenTrialsAndTheRestOfTheWorkersTime) {
  const Id experiment = create();
  const double began = clock_.now_seconds();
  scheduler_->workers_begin(2, 0);
  for (const char* worker : {"a", "b"}) {
    clock_.advance(1);
    scheduler_->meet(worker);
  }
  const Trial fails = lease(experiment, "a");
  const Trial dies = lease(experiment, "b");
  clock_.advance(5);
  scheduler_->heartbeat(dies.id, dies.fence, {}, {.wall_seconds = 5});
  scheduler_->fail(fails.id, fails.fence, "why", {.wall_seconds = 5, .waited_seconds = 1});
  clock_.advance(3);
  scheduler_->meet("b");  // three seconds after its last word
  const Trial again = lease(experiment, "b");
  EXPECT_EQ(again.id, dies.id);
  clock_.advance(2);
  scheduler_->observe(again.id, again.fence, {.value = 1, .cost = {.wall_seconds = 2}});
  clock_.advance(4);
  scheduler_->workers_ended();
  double machine_seconds = 0;
  for (const Trial& trial : scheduler_->trials(experiment))
    machine_seconds += trial.cost.machine_seconds;
  const auto rest = scheduler_->worker_time().totals(clock_.now_seconds());
  EXPECT_DOUBLE_EQ(machine_seconds, (5 + 5 + 2) / 2.0);
  EXPECT_DOUBLE_EQ(rest.lost, 3 / 2.0);
  EXPECT_NEAR(machine_seconds + rest.starting + rest.waiting + rest.lost,
              clock_.now_seconds() - began, 1e-6);
}

TEST_F(SchedulerTest, CountsHowManyWorkersWouldHaveSomethingToDo) {
  EXPECT_EQ(scheduler_->work_at_hand(100), 0u) << "no experiment";
  const Id experiment = create(4);
  EXPECT_EQ(scheduler_->work_at_hand(100), 4u);
  EXPECT_EQ(scheduler_->work_at_hand(3), 3u);
  const Trial first = lease(experiment), second = lease(experiment);
  scheduler_->set_admission([](const Experiment&, const optimizer::Task&) { return false; });
  EXPECT_FALSE(scheduler_->lease(experiment, "idle").has_value());
  EXPECT_EQ(scheduler_->work_at_hand(100), 2u) << "those that run";
  scheduler_->release(second.id, second.fence, "", {});
  EXPECT_EQ(scheduler_->work_at_hand(100), 2u) << "one of them waits";
  scheduler_->observe(first.id, first.fence, {.value = 1});
  EXPECT_EQ(scheduler_->work_at_hand(100), 1u);
  scheduler_->ask_to_stop(true);
  EXPECT_EQ(scheduler_->work_at_hand(100), 0u);
}

TEST_F(SchedulerTest, GivesTheTrialOfAWorkerThatIsGoneToAnotherAndRefusesItsLateReport) {
  const Id experiment = create();
  const Trial of_zombie = lease(experiment, "zombie");
  scheduler_->worker_is_gone("nobody");
  scheduler_->worker_is_gone("zombie");
  const Trial again = lease(experiment, "other");
  EXPECT_EQ(again.id, of_zombie.id);
  EXPECT_THROW(scheduler_->observe(of_zombie.id, of_zombie.fence, {.value = 666}), StaleLease);
  scheduler_->observe(again.id, again.fence, {.value = 1});
  ASSERT_EQ(scheduler_->observations(experiment).size(), 1u);
  EXPECT_EQ(scheduler_->observations(experiment)[0].value, 1);
}

}  // namespace
}  // namespace frugal::experiment
