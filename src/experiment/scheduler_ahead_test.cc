// Suggestions for clients without leases, made ahead of their requests.
#include <gmock/gmock.h>

#include <future>
#include <set>

#include "experiment/scheduler_entry.h"
#include "experiment/test_experiment.h"

namespace frugal::experiment {
namespace {

TEST(Ahead, IsOfUseWhileItLacksNoMoreThanIsPending) {
  Ahead ahead{.suggestions = {optimizer::Suggestion{}}, .observed = 100};
  EXPECT_TRUE(ahead.is_of_use(100, 0));
  EXPECT_TRUE(ahead.is_of_use(101, 0)) << "one result";
  EXPECT_TRUE(ahead.is_of_use(105, 0)) << "a twentieth of all";
  EXPECT_FALSE(ahead.is_of_use(106, 0));
  EXPECT_TRUE(ahead.is_of_use(132, 32));
  EXPECT_FALSE(ahead.is_of_use(133, 32));
  EXPECT_TRUE(ahead.is_of_use(90, 0)) << "some were deleted since";
  ahead.suggestions.clear();
  EXPECT_FALSE(ahead.is_of_use(100, 0));
}

class AheadTest : public testing::Test {
 protected:
  AheadTest() {
    experiment_.tasks = {optimizer::Task{}};
    id_ = scheduler_.create(experiment_).id;
  }
  void observe(const Trial& trial, double value) {
    Observation observation;
    observation.value = value;
    scheduler_.record(id_, trial.id, observation);
  }

  TemporaryFolder folder_;
  ManualClock clock_{1e9};
  std::unique_ptr<Store> store_ = open_sqlite_store((folder_.path() / "store.db").string());
  Scheduler scheduler_{*store_, clock_};
  Experiment experiment_ = test_experiment();
  Id id_ = 0;
};

TEST_F(AheadTest, GivesNobodyWhatAnotherHas) {
  std::vector<std::future<std::vector<Trial>>> clients;
  for (int c = 0; c < 8; ++c)
    clients.push_back(std::async(std::launch::async, [&] {
      std::vector<Trial> mine;
      for (int i = 0; i < 20; ++i) {
        mine.push_back(scheduler_.suggest(id_));
        if (i % 2 == 0) observe(mine.back(), i);
      }
      return mine;
    }));
  std::set<std::string> points;
  std::set<Id> ids;
  for (auto& client : clients)
    for (const Trial& trial : client.get()) {
      points.insert(experiment_.space.canonical_key(trial.suggestion.assignments));
      ids.insert(trial.id);
    }
  EXPECT_EQ(points.size(), 160u);
  EXPECT_EQ(ids.size(), 160u);
  EXPECT_EQ(scheduler_.open_trials(id_), 80u);
  EXPECT_EQ(scheduler_.progress(id_).observation_count, 80u);
}

TEST_F(AheadTest, AsksTheAdmissionToo) {
  scheduler_.suggest(id_);
  scheduler_.set_admission([](const auto&, const auto&) { return false; });
  EXPECT_THROW(scheduler_.suggest(id_), InputError);
}

TEST_F(AheadTest, ServesWhatIsQueuedBeforeWhatIsReady) {
  scheduler_.suggest(id_);
  const Trial queued = scheduler_.queue(
      id_, {{{"x", .5}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 0}, Json::object());
  EXPECT_EQ(scheduler_.suggest(id_).id, queued.id);
}

// A preempted trial of a worker is the workers' affair.
TEST_F(AheadTest, GoesOnBesideAPreemptedTrial) {
  const auto leased = scheduler_.lease(id_, "w");
  scheduler_.release(leased->id, leased->fence, "", {});
  EXPECT_NE(scheduler_.suggest(id_).id, leased->id);
  EXPECT_EQ(scheduler_.lease(id_, "w")->id, leased->id);
}

TEST_F(AheadTest, EndsWhatNobodyObservesAndTakesItUpAgain) {
  const Trial trial = scheduler_.suggest(id_, {.seconds = 60});
  clock_.advance(59);
  EXPECT_EQ(scheduler_.expire(), 0u);
  clock_.advance(2);
  EXPECT_EQ(scheduler_.expire(), 1u);
  EXPECT_EQ(scheduler_.trial(trial.id).state, TrialState::kFailed);
  EXPECT_EQ(scheduler_.open_trials(id_), 0u);
  EXPECT_EQ(scheduler_.progress(id_).observation_count, 0u);
  scheduler_.take_up(trial.id);
  EXPECT_EQ(scheduler_.trial(trial.id).state, TrialState::kOpen);
  observe(trial, 1);
  EXPECT_EQ(scheduler_.trial(trial.id).state, TrialState::kDone);
}

// More than memory holds: the store has the rest.
TEST_F(AheadTest, CountsWhatItHasForgotten) {
  Observation row;
  row.point = {{{"x", .5}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 0};
  std::vector<Scheduler::Outside> rows;
  for (int i = 0; i < 2500; ++i) {
    row.value = i;
    rows.push_back({0, row});
  }
  for (int batch = 0; batch < 2; ++batch) scheduler_.record(id_, rows);
  const Summary summary = scheduler_.progress(id_);
  EXPECT_EQ(summary.observation_count, 5000u);
  EXPECT_EQ(summary.budget_consumed, 5000);
  EXPECT_EQ(summary.best->value, 2499);
  EXPECT_EQ(summary.first->value, 0);
  EXPECT_EQ(scheduler_.observations(id_).size(), 5000u);
  scheduler_.revise(id_, {2500}, [](Observation& best) { best.deleted = true; });
  EXPECT_EQ(scheduler_.progress(id_).observation_count, 4999u);
  EXPECT_EQ(scheduler_.progress(id_).best->id, 5000);
}

// Several clients revise while others go on: memory ends up as a new one would read it.
TEST_F(AheadTest, LearnsAnewWhileOthersGoOn) {
  std::vector<Scheduler::Outside> rows(5000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].observation.point = {{{"x", .5}, {"n", std::int64_t{3}}, {"c", std::string("a")}}, 0};
    rows[i].observation.value = static_cast<double>(i);
  }
  scheduler_.record(id_, rows);
  std::vector<std::future<void>> clients;
  for (Id c = 0; c < 4; ++c) {
    clients.push_back(std::async(std::launch::async, [&, c] {
      for (Id i = 1; i <= 4; ++i)
        scheduler_.revise(id_, {1000 * c + i},
                          [&](Observation& row) { row.value = 10'000. + 10 * c + i; });
    }));
    clients.push_back(std::async(std::launch::async, [&] {
      for (int i = 0; i < 20; ++i) observe(scheduler_.suggest(id_), i);
    }));
  }
  for (auto& client : clients) client.get();
  const Summary learned = scheduler_.progress(id_);
  EXPECT_EQ(learned.observation_count, 5080u);
  EXPECT_EQ(learned.best->value, 10'034.);
  EXPECT_EQ(learned.since_best, 5080u - 3004u);
  const Summary read = Scheduler(*store_, clock_).progress(id_);
  EXPECT_EQ(read.observation_count, learned.observation_count);
  EXPECT_EQ(read.best->id, learned.best->id);
  EXPECT_EQ(read.last->id, learned.last->id);
}

}  // namespace
}  // namespace frugal::experiment
